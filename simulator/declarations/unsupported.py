"""What designers ask for and this version does not have, and what can be done instead.

The one table of it: what is said of a key, an option or a command of such a feature comes from
here. A feature that is built leaves the table.
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
    """

    what: str
    instead: str
    words: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """What a message says of it."""
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
        "each trial is analysed once, at its end: trialsim boundaries gives critical values, and "
        "the inflation of the sample size",
        (
            *("monitoring", "looks", "n_looks", "interim", "interims", "interim_analyses"),
            *("interim_looks", "stages", "group_sequential", "boundaries", "boundary", "efficacy"),
            *("alpha_spending", "beta_spending", "spending", "spending_function"),
            *("information_rates", "information_fractions", "obrien_fleming", "pocock"),
            *("stopping", "stopping_rule", "stopping_rules", "early_stopping"),
        ),
    ),
    Unsupported(
        "stopping for futility",
        "each trial runs to its end; trialsim power SCENARIO --by-trial keeps every estimate",
        ("futility", "conditional_power", "predictive_power"),
    ),
    Unsupported(
        "adaptive designs",
        "response-adaptive allocation is a scheme, as allocation.scheme: thompson; trialsim sweep "
        "compares sample sizes",
        (
            *("adaptive", "adaptation", "adaptations", "reestimation", "re_estimation", "ssr"),
            *("sample_size_reestimation", "sample_size_re_estimation", "seamless", "enrichment"),
            *("drop_arms", "arm_dropping"),
        ),
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
