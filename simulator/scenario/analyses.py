"""The analyses that a scenario may ask for: a model for each set of keys, as declared."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import Field, ValidationInfo, create_model, model_validator

from simulator.declarations.analyses import ANALYSES, STATISTICS, Options
from simulator.declarations.analyses.hypothesis import Hypothesis
from simulator.declarations.parts import OpenProbability, Part, Word, follows


class AnalysisBase(Options):
    """What every analysis declares, in the order of ICH E9(R1)."""

    name: Word = follows("test", "name in results; by default the test")
    alpha: OpenProbability = Field(
        default=0.05,
        description="level of the hypothesis, two-sided unless alternative or equivalence make it "
        "one-sided; intervals have 1 - alpha, one-sided 1 - 2 alpha. beta_binomial decides at a "
        "posterior probability of 1 - alpha/2, one-sided of 1 - alpha",
    )
    alternative: Literal["two_sided", "less", "greater"] = Field(
        default="two_sided",
        description="what is to be shown of the second arm minus the first, or of their ratio",
    )
    margin: float | None = Field(
        default=None,
        description="null value of the difference or ratio; less: above no difference, greater: "
        "below; null: no difference",
    )
    equivalence: Annotated[list[float], Field(min_length=2, max_length=2)] | None = Field(
        default=None,
        description="two margins, as [-0.1, 0.1] or [0.8, 1.25]; two one-sided tests at alpha",
    )
    population: Literal["randomised", "treated"] = Field(
        default="randomised",
        description="randomised: all; treated: those with a session delivered in full or in part",
    )
    transplant: Literal["event", "censored", "competing"] = follows(
        "test",
        "event: counts as death; censored: as lost; competing: as alive, or as a competing event "
        "where the test has causes; by default event, or competing where the test has causes",
    )
    rescue: Literal["ignored", "event", "censored"] = follows(
        "test",
        "a rescue session or one of another modality than the arm's: nothing, counts as death, or "
        "as lost; by default ignored",
    )
    withdrawal: Literal["ignored", "event", "censored"] = follows(
        "test",
        "withdrawal from treatment: nothing, counts as death, or as lost; by default ignored",
    )
    lost: Literal["excluded", "worst_case", "best_case", "censored"] = follows(
        "test",
        "those lost to follow-up before its end: excluded, dead, alive, or censored; by default "
        "censored where the test can censor, else excluded",
    )
    test: str

    @property
    def hypothesis(self) -> Hypothesis:
        """What is to be shown."""
        limits = None
        if self.equivalence is not None:
            low, high = self.equivalence
            limits = low, high
        return Hypothesis(self.alternative, self.margin, limits)

    @model_validator(mode="before")
    @classmethod
    def _as_the_test_has_it(cls, values: Any, info: ValidationInfo) -> Any:
        if not isinstance(values, dict) or values.get("test") not in ANALYSES:
            return values
        listed = info.context.get("analyses") if isinstance(info.context, Mapping) else None
        return _usual(values, listed if isinstance(listed, list) else []) | values


def _usual(values: Mapping[str, Any], listed: list[Any]) -> dict[str, Any]:
    """What an analysis is taken to have where it does not say, as its test has it.

    A randomisation test has what the analysis has whose statistic it tests.
    """
    word = str(values["test"])
    if word not in STATISTICS:
        named = (
            item for item in listed if isinstance(item, dict) and item.get("test") in STATISTICS
        )
        of = next((i for i in named if i.get("name", i["test"]) == values.get("of")), None)
        handled = {} if of is None else _usual(of, []) | of
        keys = "alpha", "alternative", "population", "transplant", "rescue", "withdrawal", "lost"
        usual = {"transplant": "event", "rescue": "ignored", "withdrawal": "ignored"}
        usual |= {"lost": "excluded"} | {key: handled[key] for key in keys if key in handled}
        return {"name": word} | usual
    variable = STATISTICS[word].variable
    competing = "competing" if variable.transplant_competes else "censored"
    return {
        "name": word,
        "transplant": "event" if variable.events_may_count else competing,
        "rescue": "ignored",
        "withdrawal": "ignored",
        "lost": "censored" if "censored" in variable.lost else "excluded",
    }


def _models() -> Iterator[type[AnalysisBase]]:
    """Model of each set of own keys, for all the words that have it, in the order of the words."""
    words: dict[type[Options], list[str]] = {}
    for word, declared in ANALYSES.items():
        words.setdefault(declared.options, []).append(word)
    for options, mine in words.items():
        test: Any = Literal[tuple(mine)]
        bases: Any = (AnalysisBase,) if options is Options else (options, AnalysisBase)
        yield create_model(
            "PlainAnalysis" if options is Options else f"{options.__name__}Analysis",
            __base__=bases,
            __doc__=options.__doc__,
            __module__=__name__,
            test=(test, Field(description="the test")),
        )


if TYPE_CHECKING:
    Analysis = AnalysisBase
else:
    MODELS = {model.__name__: model for model in _models()}
    globals().update(MODELS)  # a model is pickled by its name
    Analysis = Annotated[Union[tuple(MODELS.values())], Field(discriminator="test")]  # noqa: UP007


class Multiplicity(Part):
    """Analyses judged together, so that the chance of any false rejection is kept."""

    name: Word = Field(description="name in results")
    alpha: OpenProbability = Field(default=0.05, description="level of all together")
    analyses: list[Word] = Field(
        min_length=2, max_length=20, description="names; their own levels are not used"
    )


class StepMultiplicity(Multiplicity):
    """A procedure that needs no number of its own; fixed_sequence tests in the order given."""

    method: Literal["bonferroni", "holm", "hochberg", "fixed_sequence"] = Field(
        description="the procedure"
    )


class GraphicalMultiplicity(Multiplicity):
    """The graphical procedure: weights, and where the level of a rejected hypothesis goes."""

    method: Literal["graphical"] = Field(description="the procedure")
    weights: list[Annotated[float, Field(ge=0, le=1)]] = Field(
        description="shares of alpha, one per analysis, together at most 1"
    )
    transitions: list[list[Annotated[float, Field(ge=0, le=1)]]] = Field(
        description="one row per analysis: shares that the others get once it is rejected"
    )


Procedure = Annotated[StepMultiplicity | GraphicalMultiplicity, Field(discriminator="method")]
