"""What designers ask for and this version does not have, or has elsewhere, and what to do instead.

The one table of it: what is said of a key, an option or a command of such a feature comes from
here.
"""

from typing import NamedTuple


class Unsupported(NamedTuple):
    """A feature that this version does not have.

    Attributes
    ----------
    what
        The feature, as it stands before a colon.
    instead
        What can be done instead.
    words
        Keys of a scenario, and options of a command, by which it is asked for.
    commands
        The same, as commands.
    place
        Where it is asked for; empty: this version does not have it.
    """

    what: str
    instead: str
    words: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    place: str = ""

    @property
    def rule(self) -> str:
        """What a message says of it."""
        if self.place:
            return f"{self.what} are asked for in {self.place}"
        return f"{self.what}: not supported in this version"


MORE_ARMS = Unsupported(
    "trials of more than two arms",
    "write one scenario per pair of arms, and see each pair with trialsim compare A B",
    ("third_arm", "more_arms", "arm3", "platform", "mams"),
)

UNSUPPORTED = (
    MORE_ARMS,
    Unsupported(
        "interim looks",
        "as monitoring: {looks: [{at: {information: 0.5}}]}",
        (
            *("looks", "n_looks", "interim", "interims", "interim_analyses", "interim_looks"),
            *("stages", "group_sequential", "boundaries", "boundary", "efficacy"),
            *("alpha_spending", "spending", "spending_function"),
            *("information_rates", "information_fractions", "obrien_fleming", "pocock"),
            *("stopping", "stopping_rule", "stopping_rules", "early_stopping"),
        ),
        place="monitoring of a scenario",
    ),
    Unsupported(
        "rules for futility",
        "as futility: {rule: conditional_power(0.1)}",
        ("futility", "beta_spending", "conditional_power", "predictive_power"),
        place="monitoring of a scenario",
    ),
    Unsupported(
        "one-sided tests and margins",
        "as alternative: less, margin: 0.1",
        (
            *("margin", "non_inferiority", "noninferiority", "ni_margin", "equivalence_margin"),
            *("sides", "one_sided", "side"),
        ),
        place="an analysis of a scenario",
    ),
    Unsupported(
        "adaptive designs",
        "response-adaptive allocation is a scheme, as allocation.scheme: thompson; trialsim sweep "
        "compares sample sizes; monitoring: {blinded_reestimation: ...} re-estimates them",
        (
            *("adaptive", "adaptation", "adaptations", "seamless", "enrichment"),
            *("drop_arms", "arm_dropping"),
        ),
    ),
    Unsupported(
        "re-estimation of size and stopping for slow recruitment",
        "as promising_zone: {from_conditional_power: 0.4, most_randomised: 90}, or as "
        "blinded_reestimation, slow_recruitment",
        (
            *("reestimation", "re_estimation", "ssr", "sample_size_reestimation"),
            *("sample_size_re_estimation", "promising_zone", "blinded_reestimation"),
            "slow_recruitment",
        ),
        place="monitoring of a scenario",
    ),
    Unsupported(
        "cluster randomisation",
        "patients are randomised one by one here; multiply the number of patients by the design "
        "effect, 1 + (patients per cluster - 1) times ICC",
        ("cluster", "clusters", "cluster_size", "icc", "design_effect", "stepped_wedge"),
    ),
    Unsupported(
        "crossover designs",
        "the arms are parallel here: each patient has one of them",
        ("crossover", "cross_over", "periods", "washout", "washout_days"),
    ),
    Unsupported("a page in the browser", "use the commands, or Python", (), ("serve",)),
    Unsupported(
        "a command that checks alone",
        "every command checks the whole scenario first: trialsim scenarios FILE does nothing else",
        (),
        ("validate", "check"),
    ),
)

_BY_WORD = {word: feature for feature in UNSUPPORTED for word in feature.words}
_BY_COMMAND = {word: feature for feature in UNSUPPORTED for word in feature.commands}


def unsupported(word: str) -> Unsupported | None:
    """Return the feature that a key or an option asks for; None where it is of none."""
    return _BY_WORD.get(word.strip("-").replace("-", "_").replace(" ", "_").lower())


def unsupported_command(word: str) -> Unsupported | None:
    """Return the feature that a command asks for; None where it is of none."""
    return _BY_COMMAND.get(word.lower())
