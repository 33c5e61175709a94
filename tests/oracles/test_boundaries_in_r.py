"""Boundaries and inference after stopping against rpact, the field's own package for R."""

import csv
import math
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from stagewise import stagewise

from simulator.monitoring.boundaries import looks_to_come, planned_looks
from simulator.monitoring.characteristics import assuming, drift_for, exits, expected_information
from simulator.monitoring.characteristics import inflation as inflation_of
from simulator.monitoring.conditional import conditional_power
from simulator.monitoring.families import read_efficacy
from simulator.monitoring.futility import read_futility
from simulator.monitoring.normal import upper_tail
from simulator.monitoring.plan import Plan, regions_of
from simulator.monitoring.repeated import repeated_interval

INSTALL = "apt-get install r-base-core r-cran-rpact"
SCRIPT = Path(__file__).with_name("boundaries_in_r.R")


class Design(NamedTuple):
    """A design as it is asked for here; `read` has it for rpact."""

    rule: str
    information: tuple[float, ...]
    alpha: float = 0.025
    sides: int = 1
    power: float = 0.8
    futility: str | None = None
    binding: bool = False


def even(looks):
    return tuple(k / looks for k in range(1, looks + 1))


UNEVEN = (0.2, 0.55, 0.7, 1.0)
RULES = (
    *("pocock", "obrien_fleming", "wang_tsiatis(0.1)", "wang_tsiatis(0.3)", "haybittle_peto(3)"),
    *("lan_demets_obrien_fleming", "lan_demets_pocock", "hwang_shih_decani(-4)"),
    *("hwang_shih_decani(2)", "kim_demets(3)", "kim_demets(0.7)"),
)
SPENDING = ("lan_demets_obrien_fleming", "hwang_shih_decani(-4)", "kim_demets(2)")
FUTILITY = (
    "lan_demets_obrien_fleming",
    "lan_demets_pocock",
    "hwang_shih_decani(-2)",
    "kim_demets(3)",
)


def designs() -> list[Design]:
    """Each rule one- and two-sided, uneven looks, ten looks, and futility in every way."""
    found = [Design(rule, even(3)) for rule in RULES]
    found += [Design(rule, UNEVEN, 0.1, 2, 0.9) for rule in RULES[::3]]
    found += [Design("table(0.001,0.004,0.025)", (0.3, 0.6, 1.0), sides=s) for s in (1, 2)]
    found += [Design("kim_demets(3)", even(7), 0.05, 2)]
    found += [
        Design("hwang_shih_decani(-4)", (0.4, 0.75, 1.0), 0.025, 1, 0.9, futility, binding)
        for futility, binding in zip(
            (*FUTILITY, "z(0,0.7)"), (True, False, True, False, True), strict=True
        )
    ]
    found += [Design("hwang_shih_decani(-4)", (0.3, 0.6, 1.0), futility="z(0,0.7)")]
    return found


def more_designs() -> list[Design]:
    """The same in depth."""
    found = [
        Design(rule, even(3), alpha, sides)
        for rule in RULES
        for alpha, sides in ((0.05, 2), (0.005, 1), (0.1, 2))
    ]
    found += [Design(rule, even(looks), 0.025, 1, 0.9) for rule in RULES for looks in (2, 5)]
    found += [Design(rule, even(10), 0.05, 2) for rule in ("pocock", "kim_demets(3)")]
    found += [Design(rule, UNEVEN, 0.05, 1, 0.85) for rule in RULES]
    found += [
        Design(rule, at, 0.025, 1, power, futility, binding)
        for rule in SPENDING
        for futility in FUTILITY
        for binding in (False, True)
        for at, power in ((even(3), 0.9), ((0.4, 0.75, 1.0), 0.8))
    ]
    found += [
        Design(rule, even(3), 0.025, 1, 0.8, "z(0,0.7)", binding)
        for rule in ("obrien_fleming", "lan_demets_pocock")
        for binding in (False, True)
    ]
    return found


DESIGNS = designs()
TYPES = {
    "pocock": "P",
    "obrien_fleming": "OF",
    "wang_tsiatis": "WT",
    "haybittle_peto": "HP",
    "lan_demets_obrien_fleming": "asOF",
    "lan_demets_pocock": "asP",
    "hwang_shih_decani": "asHSD",
    "kim_demets": "asKD",
    "table": "asUser",
}


class Outcome(NamedTuple):
    """A trial that was looked at: the statistic at each look, and an assumed drift."""

    design: Design
    z: tuple[float, ...]
    drift: float | None = None
    repeated: bool = False


def outcomes() -> list[Outcome]:
    of = {design.rule: design for design in DESIGNS if design.information == even(3)}
    found = []
    for rule in ("obrien_fleming", "hwang_shih_decani(-4)"):
        found += [
            Outcome(of[rule], (4.1,)),
            Outcome(of[rule], (1.2, 2.9)),
            Outcome(of[rule], (0.4, 1.1, 1.7)),
            Outcome(of[rule], (0.4, 1.6, 2.3)),
            Outcome(of[rule], (-0.4, -1.1, -0.3)),
            Outcome(of[rule], (0.9,), 2.8),
            Outcome(of[rule], (0.9, 1.4), 3.3),
            Outcome(of[rule], (1.3, 1.0), 0.0),
        ]
    found += [Outcome(of["kim_demets(3)"], (1.3,), repeated=True)]
    for design in DESIGNS:
        if design.futility == "z(0,0.7)":
            found += [
                Outcome(design, (0.8, 2.9)),
                Outcome(design, (0.8, 1.2, 1.9)),
                Outcome(design, (0.8,), 3.0),
            ]
    return found


OUTCOMES = outcomes()


def row_of(design: Design) -> dict[str, object]:
    rule = read_efficacy(design.rule)
    row: dict[str, object] = dict.fromkeys(
        ("gamma", "delta", "constant", "table", "futility", "futility_gamma", "futility_z"), ""
    )
    value = rule.values[0] if rule.values else ""
    key = {"wang_tsiatis": "delta", "haybittle_peto": "constant"}.get(rule.word, "gamma")
    row[key] = value
    if rule.word == "table":
        row["gamma"], row["table"] = "", ";".join(map(repr, rule.values))
    if design.futility is not None:
        futility = read_futility(design.futility)
        if futility.word == "z":
            row["futility_z"] = ";".join(map(repr, futility.values))
        else:
            row["futility"] = TYPES[futility.word].replace("as", "bs")
            row["futility_gamma"] = futility.values[0] if futility.values else ""
    return row | {
        "type": TYPES[rule.word],
        "information": ";".join(map(repr, design.information)),
        "alpha": design.alpha,
        "sides": design.sides,
        "power": design.power,
        "binding": str(design.binding).upper(),
    }


def write(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read(path: Path) -> list[dict[str, float]]:
    with path.open() as file:
        return [
            {key: math.nan if cell in ("NA", "NaN") else float(cell) for key, cell in row.items()}
            for row in csv.DictReader(file)
        ]


def ask_rpact(folder: Path, of: list[Design], ended: list[Outcome]) -> list[list[dict]]:
    """What rpact makes of designs, look by look and as a whole, and of trials that ended."""
    if shutil.which("Rscript") is None:
        pytest.skip(f"R is not installed: {INSTALL}")
    if subprocess.run(["Rscript", "-e", "find.package('rpact')"], capture_output=True).returncode:
        pytest.skip(f"R has no rpact: {INSTALL}")
    write(folder / "designs.csv", [row_of(design) for design in of])
    rows: list[dict[str, object]] = [
        {
            "design": of.index(outcome.design) + 1,
            "z": ";".join(map(repr, outcome.z)),
            "drift": "" if outcome.drift is None else outcome.drift,
            "repeated": "yes" if outcome.repeated else "",
        }
        for outcome in ended
    ]
    write(folder / "outcomes.csv", rows)
    done = subprocess.run(["Rscript", str(SCRIPT), str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = ("looks.csv", "designs_found.csv", "outcomes_found.csv")
    return [read(folder / name) for name in names]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return ask_rpact(tmp_path_factory.mktemp("rpact"), DESIGNS, OUTCOMES)


def plan_of(design: Design) -> tuple[Plan, float]:
    """The plan here with the drift that has the power."""
    plan = Plan(
        design.information,
        read_efficacy(design.rule),
        design.alpha,
        design.sides,
        None if design.futility is None else read_futility(design.futility),
        design.binding,
        drift=3.0,
        beta=1 - design.power,
    )
    drift = drift_for(plan, design.power)
    return assuming(plan, drift, design.power), drift


def compare(of: list[Design], of_looks: list[dict], of_designs: list[dict]) -> None:
    for number, design in enumerate(of, start=1):
        theirs = [row for row in of_looks if row["design"] == number]
        plan, drift = plan_of(design)
        looks = planned_looks(plan)
        for name, tolerance in (("efficacy_z", 2e-6), ("alpha_spent", 1e-7)):
            ours = [getattr(look, name) for look in looks]
            assert ours == pytest.approx([row[name] for row in theirs], abs=tolerance), design
        p = [upper_tail(look.efficacy_z) * design.sides for look in looks]
        assert p == pytest.approx([row["nominal_p"] for row in theirs], abs=1e-7), design
        if design.futility is not None:
            ours = [look.futility_z for look in looks[:-1]]
            assert ours == pytest.approx([row["futility_z"] for row in theirs[:-1]], abs=5e-6)
        (whole,) = (row for row in of_designs if row["design"] == number)
        assert drift**2 == pytest.approx(whole["shift"], rel=1e-5), design
        factor = inflation_of(plan, drift, design.power)
        assert factor == pytest.approx(whole["inflation"], rel=1e-5), design
        so_far = [sum(exits(looks, drift).efficacy[: k + 1]) for k in range(len(looks))]
        assert so_far == pytest.approx([row["power"] for row in theirs], abs=1e-5), design
        for share, name in ((0.0, "mean_0"), (0.5, "mean_half"), (1.0, "mean_1")):
            mean = expected_information(looks, share * drift) * factor
            assert mean == pytest.approx(whole[name], rel=2e-5), (design, name)


def test_critical_values_futility_levels_and_power_are_those_of_rpact(found):
    compare(DESIGNS, found[0], found[1])


@pytest.mark.slow
def test_many_more_designs_are_those_of_rpact(tmp_path):
    more = more_designs()
    of_looks, of_designs, _ = ask_rpact(tmp_path, more, [Outcome(more[0], (2.0,), 1.0)])
    compare(more, of_looks, of_designs)


def test_inference_after_stopping_is_that_of_rpact(found):
    _, _, theirs = found
    compared = 0
    for outcome, row in zip(OUTCOMES, theirs, strict=True):
        plan, _ = plan_of(outcome.design)
        looks = planned_looks(plan)[: len(outcome.z)]
        z = outcome.z[-1]
        if outcome.repeated:
            limits = (row["repeated_low"], row["repeated_high"])
            assert repeated_interval(looks[-1], z) == pytest.approx(limits, abs=1e-4)
        if math.isnan(row["p"]):
            continue
        compared += 1
        ours = stagewise(looks, np.array([z]), 1 - 2 * plan.alpha, obeyed=plan.binding)
        assert ours.p_value == pytest.approx(row["p"], abs=1e-7), outcome
        numbers = (ours.median_unbiased[0], ours.low[0], ours.high[0])
        theirs_too = (row["estimate"], row["low"], row["high"])
        assert numbers == pytest.approx(theirs_too, abs=1e-5), outcome
    assert compared == 14


def test_conditional_power_is_that_of_rpact(found):
    _, _, theirs = found
    compared = 0
    for outcome, row in zip(OUTCOMES, theirs, strict=True):
        if outcome.drift is None or math.isnan(row["conditional"]):
            continue
        compared += 1
        plan, _ = plan_of(outcome.design)
        every = planned_looks(plan)
        looks = every[: len(outcome.z)]
        later = looks_to_come(plan, looks)
        if plan.futility is not None:  # rpact counts later stops for futility
            later = regions_of(every[len(looks) :], obeyed=True)
        ours = conditional_power(later, looks[-1].information, outcome.z[-1], outcome.drift)
        assert ours == pytest.approx(row["conditional"], abs=1e-6), outcome
    assert compared == 8
