"""Rules for efficacy: spending functions, and classical shapes of boundaries."""

from simulator.monitoring.declared import Family, Option, Rule, Values, read_rule
from simulator.monitoring.spending import SPENDING


def _pocock(constant: float, _: float, __: Values) -> float:
    return constant


def _obrien_fleming(constant: float, fraction: float, _: Values) -> float:
    return float(constant * fraction**-0.5)


def _wang_tsiatis(constant: float, fraction: float, values: Values) -> float:
    (delta,) = values
    return float(constant * fraction ** (delta - 0.5))


def _haybittle_peto(_: float, __: float, values: Values) -> float:
    return values[0]


SHAPES = (
    Family("pocock", "Pocock", "Pocock 1977", "pocock", value=_pocock),
    Family(
        "obrien_fleming",
        "O'Brien-Fleming",
        "O'Brien and Fleming 1979",
        "obrien_fleming",
        value=_obrien_fleming,
    ),
    Family(
        "wang_tsiatis",
        "Wang-Tsiatis",
        "Wang and Tsiatis 1987",
        "wang_tsiatis(0.3)",
        (Option("delta", -0.5, 1),),
        value=_wang_tsiatis,
    ),
    Family(
        "haybittle_peto",
        "Haybittle-Peto",
        "Haybittle 1971; Peto et al. 1976",
        "haybittle_peto(3)",
        (Option("z", 0, 20, closed=False),),
        value=_haybittle_peto,
        has_constant=False,
    ),
)

EFFICACY = {family.word: family for family in (*SPENDING, *SHAPES)}


def read_efficacy(text: str, name: str = "spending") -> Rule:
    """Read a rule for efficacy from one line, as `hwang_shih_decani(-4)`.

    Raises
    ------
    BoundaryError
        If it is none, or has options that it does not take.
    """
    return read_rule(name, text, EFFICACY)
