"""The allocation schemes, in the order of their numbers in compiled code.

A new scheme has its rules in a file of `simulator.allocation.schemes` and its place at the end of
`ALL`.
"""

from simulator.declarations.schemes.scheme import REQUIRED, Factors, Ratio, Scheme

ALL: tuple[Scheme, ...] = (
    Scheme(
        word="complete",
        name="Complete randomisation",
        does="each patient independently, by the ratio",
        rules="simulator.allocation.schemes.complete:RULES",
        ratio=Ratio.ANY,
        factors=Factors.IGNORED,
        two_arms=False,
    ),
    Scheme(
        word="random_allocation",
        name="Random allocation rule",
        does="every sequence with the target's numbers by arm is as likely",
        rules="simulator.allocation.schemes.random_allocation:RULES",
        ratio=Ratio.ANY,
        factors=Factors.REFUSED,
        two_arms=False,
        fixed_size=True,
    ),
    Scheme(
        word="truncated_binomial",
        name="Truncated binomial",
        does="a fair coin until one arm is full",
        rules="simulator.allocation.schemes.truncated_binomial:RULES",
        factors=Factors.REFUSED,
        fixed_size=True,
    ),
    Scheme(
        word="permuted_block",
        name="Permuted blocks",
        does="blocks that hold the ratio",
        rules="simulator.allocation.schemes.blocks:PERMUTED",
        standard={"block_size": REQUIRED},
        ratio=Ratio.ANY,
        two_arms=False,
    ),
    Scheme(
        word="random_blocks",
        name="Random permuted blocks",
        does="the same, each block's size drawn from a list",
        rules="simulator.allocation.schemes.blocks:RANDOM",
        standard={"block_sizes": REQUIRED},
        ratio=Ratio.ANY,
        two_arms=False,
    ),
    Scheme(
        word="efron",
        name="Efron's biased coin",
        does="a coin biased towards the smaller arm",
        rules="simulator.allocation.schemes.efron:RULES",
        standard={"probability": 2 / 3},
    ),
    Scheme(
        word="adjustable_coin",
        name="Adjustable biased coin",
        does="a coin whose bias grows with the imbalance",
        rules="simulator.allocation.schemes.adjustable_coin:RULES",
        standard={"exponent": 2},
    ),
    Scheme(
        word="chen",
        name="Chen's biased coin",
        does="a biased coin until the imbalance meets a bound",
        rules="simulator.allocation.schemes.chen:RULES",
        standard={"probability": 2 / 3, "bound": 3},
    ),
    Scheme(
        word="big_stick",
        name="Big stick",
        does="a fair coin until the imbalance meets a bound",
        rules="simulator.allocation.schemes.big_stick:RULES",
        standard={"bound": 3},
    ),
    Scheme(
        word="wei_urn",
        name="Wei's urn",
        does="an urn that gains balls of the arm not drawn",
        rules="simulator.allocation.schemes.wei_urn:RULES",
        standard={"initial_balls": 0, "added_balls": 1},
    ),
    Scheme(
        word="smith",
        name="Smith's biased coin",
        does="in proportion to a power of the other arm's number of patients",
        rules="simulator.allocation.schemes.smith:RULES",
        standard={"exponent": 5},
    ),
    Scheme(
        word="bayesian_coin",
        name="Bayesian biased coin",
        does="a coin biased by what the next patient would tell",
        rules="simulator.allocation.schemes.bayesian_coin:RULES",
        standard={"gamma": 0.1},
    ),
    Scheme(
        word="maximal",
        name="Maximal procedure",
        does="every balanced sequence within a bound is as likely",
        rules="simulator.allocation.schemes.maximal:RULES",
        standard={"bound": 3},
        factors=Factors.REFUSED,
        fixed_size=True,
    ),
    Scheme(
        word="block_urn",
        name="Block urn",
        does="an urn that gets a copy of the ratio back once one is drawn",
        rules="simulator.allocation.schemes.block_urn:RULES",
        standard={"blocks": 3},
        ratio=Ratio.CHECKED,
        two_arms=False,
    ),
    Scheme(
        word="ehrenfest_urn",
        name="Ehrenfest urn",
        does="a coin whose bias grows in proportion to the imbalance, to certainty at a bound",
        rules="simulator.allocation.schemes.ehrenfest_urn:RULES",
        standard={"balls": 10},
    ),
    Scheme(
        word="mass_weighted_urn",
        name="Mass-weighted urn",
        does="a ball an arm, drawn by its mass, which draws take and the ratio gives",
        rules="simulator.allocation.schemes.mass_weighted_urn:RULES",
        standard={"mass": 4},
        ratio=Ratio.CHECKED,
        two_arms=False,
    ),
    Scheme(
        word="maximum_entropy",
        name="Maximum entropy",
        does="the probabilities nearest to the ratio that gain a given part of the balance",
        rules="simulator.allocation.schemes.maximum_entropy:RULES",
        standard={"eta": 0.5},
        ratio=Ratio.CHECKED,
    ),
    Scheme(
        word="atkinson",
        name="Atkinson's biased coin",
        does="the arm that tells most about the difference, given the factors, is favoured",
        rules="simulator.allocation.schemes.atkinson:RULES",
        factors=Factors.USED,
        counts_alone=False,
    ),
    Scheme(
        word="minimisation",
        name="Minimisation",
        does="the arm that keeps the margins of the factors most even is favoured",
        rules="simulator.allocation.schemes.minimisation:MINIMISATION",
        standard={"measure": "range", "weights": None, "probability": 0.8},
        factors=Factors.NEEDED,
        two_arms=False,
        counts_alone=False,
    ),
    Scheme(
        word="taves",
        name="Taves's minimisation",
        does="the arm that keeps the margins of the factors most even is certain",
        rules="simulator.allocation.schemes.minimisation:TAVES",
        standard={"weights": None},
        factors=Factors.NEEDED,
        two_arms=False,
        counts_alone=False,
    ),
    Scheme(
        word="hu_hu",
        name="Hu and Hu's biased coin",
        does="the arm that keeps trial, margins and stratum most even is favoured",
        rules="simulator.allocation.schemes.hu_hu:RULES",
        standard={"overall": 1, "margins": None, "stratum": 1, "probability": 0.85},
        factors=Factors.NEEDED,
        by_combination=True,
        counts_alone=False,
    ),
    Scheme(
        word="play_the_winner",
        name="Play the winner",
        does="an urn that gains balls of the arm that did better",
        rules="simulator.allocation.schemes.play_the_winner:RULES",
        standard={"initial_balls": 1, "added_balls": 1},
        factors=Factors.TRIAL,
        counts_alone=False,
        adaptive=True,
    ),
    Scheme(
        word="drop_the_loser",
        name="Drop the loser",
        does="an urn that loses a ball of an arm at a death, and gains one of each at times",
        rules="simulator.allocation.schemes.drop_the_loser:RULES",
        standard={"initial_balls": 1, "immigration_balls": 1},
        factors=Factors.TRIAL,
        counts_alone=False,
        adaptive=True,
    ),
    Scheme(
        word="adaptive_coin",
        name="Adaptive biased coin",
        does="towards a share estimated from outcomes, the more the shorter of it an arm is",
        rules="simulator.allocation.schemes.adaptive_coin:RULES",
        standard={"target": "rsihr", "gamma": 2},
        factors=Factors.TRIAL,
        counts_alone=False,
        adaptive=True,
    ),
    Scheme(
        word="erade",
        name="ERADE",
        does="Efron's coin about a share that is estimated from outcomes",
        rules="simulator.allocation.schemes.erade:RULES",
        standard={"target": "rsihr", "alpha": 0.5},
        factors=Factors.TRIAL,
        counts_alone=False,
        adaptive=True,
    ),
    Scheme(
        word="thompson",
        name="Thompson sampling",
        does="in proportion to the tempered posterior probability of being the better arm",
        rules="simulator.allocation.schemes.thompson:RULES",
        standard={"exponent": 0.5, "burn_in": 10, "clip": 0.1},
        factors=Factors.TRIAL,
        counts_alone=False,
        adaptive=True,
    ),
)
SCHEMES: dict[str, Scheme] = {scheme.word: scheme for scheme in ALL}
CODES: dict[str, int] = {scheme.word: code for code, scheme in enumerate(ALL)}


def scheme_name(text: str) -> str:
    """Return the name of a scheme as it is written on one line, as of `efron(2/3)`, for people.

    Text that is no scheme's word stands as it is.
    """
    word, _, options = text.partition("(")
    declared = SCHEMES.get(word.strip())
    if declared is None:
        return text
    values = ", ".join(part.strip() for part in options.rstrip(") ").split(","))
    return f"{declared.name} ({values})" if values else declared.name


__all__ = ["ALL", "CODES", "REQUIRED", "SCHEMES", "Factors", "Ratio", "Scheme", "scheme_name"]
