"""The interim of a trial that adapts, and of a family: held to simulated looks and closed forms."""

import math
from datetime import date

import pytest
from scenario_builder import NEVER, base_case, changed
from scipy import stats
from test_looks import fast

import simulator
from simulator.report.text import as_text
from simulator.report.text.interim import INTERIM_SECTIONS
from simulator.scenario.errors import ScenarioError

CUT = {"cut": date(2024, 3, 31)}
BLINDED = {
    "efficacy": None,
    "futility": None,
    "blinded_reestimation": {"difference": 0.3, "most_randomised": 100, "least_randomised": 40},
}


def study(name, **changes):
    return simulator.load(name).with_values(changes)


def text_of(found):
    blocks = (block for section in INTERIM_SECTIONS for block in section.blocks(found))
    return " ".join(as_text(blocks, 100).split())


def looked_at(scenario, trials):
    """Each simulated trial's look: information, statistic, and what was changed."""
    part, _ = fast(scenario, trials)
    rows, adapted = part.looks.rows, part.looks.adapted
    for trial in range(trials):
        information = round(float(rows.fraction[trial, 0]) * 60)
        yield information, float(rows.z[trial, 0]), adapted, trial


def test_the_zone_and_the_target_are_those_of_simulated_looks():
    own, names = study("nct05484908-adapts"), set()
    for information, z, adapted, trial in looked_at(base_case("nct05484908-adapts"), 60):
        if adapted.group[trial] == 0:  # stopped at the look, or slow
            continue
        found = own.monitor(CUT | {"result": {"z": z, "information": information}}).reestimated
        assert found.target == adapted.target[trial]
        assert found.value == pytest.approx(adapted.value[trial], rel=1e-9)
        names.add(found.zone)
        assert found.missing is None
    assert names == {"unfavourable", "promising", "favourable"}


def test_a_blinded_target_is_that_of_simulated_looks_where_nobody_is_lost():
    scenario = changed(
        base_case("nct05484908-looks"),
        {"monitoring": {"looks": [{"at": {"completed": 30}}], **BLINDED}, "exits.loss": NEVER},
    )
    own, targets = (
        study("nct05484908-looks", **{f"monitoring.{k}": v for k, v in BLINDED.items()}),
        set(),
    )
    for information, _, adapted, trial in looked_at(scenario, 30):
        assert information == 30
        deaths = round(float(adapted.value[trial]) * 30)
        counts = {"randomised": 38, "followed_up": 30, "deaths": deaths}
        found = own.monitor(CUT | {"pooled": counts}).reestimated
        assert found.target == adapted.target[trial]
        assert found.value == pytest.approx(deaths / 30)
        targets.add(found.target)
    assert len(targets) > 5


def test_a_blinded_target_by_the_formula_and_its_words():
    own = study("nct05484908-looks", **{f"monitoring.{k}": v for k, v in BLINDED.items()})
    counts = {"randomised": 38, "followed_up": 31, "deaths": 13}
    found = own.monitor(CUT | {"pooled": counts})
    p, d = 13 / 31, 0.3
    apart = math.sqrt((p + d / 2) * (1 - p - d / 2) + (p - d / 2) * (1 - p + d / 2))
    root = stats.norm.ppf(0.975) * math.sqrt(2 * p * (1 - p)) + stats.norm.ppf(0.8) * apart
    assert found.reestimated.target == math.ceil(2 * root**2 / d**2)
    text = text_of(found)
    assert "Pooled mortality is 41.9 %, as if nobody were lost: the new target is 8" in text
    assert "Looks stop nothing by a boundary here" in text


@pytest.mark.parametrize(
    ("observed", "missing", "words"),
    [
        ({"result": {"z": 3.5, "information": 31}}, "stops", "a boundary is crossed"),
        ({"pooled": {"randomised": 38, "followed_up": 31}}, "no_statistic", "no statistic is"),
        (
            {"result": {"z": 1.0, "information": 40},
             "earlier_looks": [{"cut": date(2023, 12, 31), "information": 31, "z": 1.0}]},
            "another_look", "this is another look",
        ),
    ],
)  # fmt: skip
def test_why_there_is_no_target(observed, missing, words):
    found = study("nct05484908-adapts").monitor(CUT | observed)
    assert (found.reestimated.target, found.reestimated.missing.value) == (None, missing)
    assert words in text_of(found)


def test_the_final_statistic_has_planned_weights():
    """By hand: the increment's own statistic, and the weights 31/60 and 29/60."""
    earlier = [{"cut": date(2023, 12, 31), "information": 31, "z": 1.5}]
    end = {"final": True, "result": {"z": 2.1, "information": 84}, "earlier_looks": earlier}
    found = study("nct05484908-adapts").monitor(CUT | end)
    second = (math.sqrt(84) * 2.1 - math.sqrt(31) * 1.5) / math.sqrt(84 - 31)
    expected = math.sqrt(31 / 60) * 1.5 + math.sqrt(29 / 60) * second
    assert found.weighted.z == pytest.approx(expected, rel=1e-12)
    assert found.weighted.weight == pytest.approx(31 / 60)
    assert found.looks[-1].z == found.weighted.z
    planned = simulator.boundaries((31 / 60, 1), "lan_demets_obrien_fleming").looks[-1]
    assert found.looks[-1].efficacy_z == pytest.approx(planned.efficacy_z, abs=1e-8)
    assert found.stopped is None
    without = study("nct05484908-adapts").monitor(
        CUT | end | {"earlier_looks": [{"cut": date(2023, 12, 31), "information": 31}]}
    )
    assert without.weighted.z is without.repeated is without.weighted.drift is None
    assert without.verdict.value == "not_known"
    assert "give result and z of the look before" in text_of(without)


def test_the_repeated_interval_by_planned_weights_by_hand():
    """Each stage's mean is its weight times the root of its information: 31 and 53 of 60."""
    earlier = [{"cut": date(2023, 12, 31), "information": 31, "z": 1.5}]
    z, error = 2.1, 0.1
    result = {"difference": -z * error, "standard_error": error, "information": 84}
    end = {"final": True, "result": result, "earlier_looks": earlier}
    found = study("nct05484908-adapts").monitor(CUT | end)
    critical, drift = found.looks[-1].efficacy_z, found.weighted.drift
    root = math.sqrt(31 / 60 * 31 / 60) + math.sqrt(29 / 60 * 53 / 60)
    assert found.weighted.root == pytest.approx(root, rel=1e-12)
    assert drift == pytest.approx(found.weighted.z / root, rel=1e-12)
    expected = [(found.weighted.z + c) / root for c in (0.0, -critical, critical)]
    shown = found.repeated
    assert [shown.estimate, shown.low, shown.high] == pytest.approx(expected, rel=1e-12)
    # A drift is the mean of Z at 60 deaths: what the usual estimate is of as a z at 84.
    scale = error * math.sqrt(84 / 60)
    effects = [shown.effect, shown.effect_high, shown.effect_low]
    assert effects == pytest.approx([-d * scale for d in expected], rel=1e-12)
    assert [one.value for one in found.no_estimates] == ["adaptation"]
    (row,) = (line for line in text_of(found).splitlines() if "by planned weights" in line)
    assert f"{100 * shown.effect:.1f}" in row
    assert f"{100 * shown.effect_low:.1f} to {100 * shown.effect_high:.1f}" in row
    assert "No median-unbiased estimate and no stage-wise interval" in text_of(found)


def test_a_look_of_a_trial_that_adapts_has_the_usual_repeated_interval():
    observed = {"result": {"z": 1.5, "information": 31}}
    found = study("nct05484908-adapts").monitor(CUT | observed)
    critical, root = found.looks[-1].efficacy_z, math.sqrt(31 / 60)
    expected = [(1.5 + c) / root for c in (0.0, -critical, critical)]
    shown = found.repeated
    assert [shown.estimate, shown.low, shown.high] == pytest.approx(expected, rel=1e-12)
    assert found.stopped.estimate is None


@pytest.mark.parametrize(
    ("cut", "randomised", "due", "slow", "words"),
    [
        (date(2023, 8, 12), 11, True, True, "there are 11, so it closes"),
        (date(2023, 8, 12), 12, True, False, "there are 12, so it goes on"),
        (date(2023, 8, 30), 11, True, True, "so it closes"),
        (date(2023, 8, 30), 12, True, None, "this cut does not tell"),
        (date(2023, 8, 11), 3, False, None, "not yet due"),
    ],
)
def test_slow_recruitment_is_judged_on_its_day(cut, randomised, due, slow, words):
    found = study("nct05484908-adapts").monitor(
        {"cut": cut, "pooled": {"randomised": randomised, "followed_up": 2, "deaths": 1}}
    )
    assert (found.slow.date, found.slow.due, found.slow.slow) == ("2023-08-12", due, slow)
    assert words in text_of(found)


def pocock_z(level, t):
    """Two-sided critical value of a first look that spends as Lan and DeMets's Pocock type."""
    return stats.norm.isf(level / 2 * math.log(1 + (math.e - 1) * t))


def family(**result):
    holm = [
        {"name": "both", "method": "holm", "alpha": 0.05, "analyses": ["fisher", "meld_survivors"]}
    ]
    looks = {"name": "both", "stop_when": "all", "hypotheses": [
        {"analysis": "meld_survivors", "max_information_per_patient": 0.0011}]}  # fmt: skip
    return study(
        "nct05484908-family",
        multiplicity=holm,
        **{"monitoring.family": looks, "monitoring.futility": None},
        **{"monitoring.efficacy": {"spending": "lan_demets_pocock"}},
    ).monitor(CUT | result)


def meld(**own):
    return [{"analysis": "meld_survivors", "information": 0.033} | own]


@pytest.mark.parametrize(
    ("z", "own", "levels", "rejected"),
    [
        (0.5, {"z": 0.1}, (0.025, 0.025), (False, False)),
        (3.0, {"z": 0.1}, (0.025, 0.05), (True, False)),
        (0.5, {"z": 3.0}, (0.05, 0.025), (False, True)),
        (3.0, {"z": 2.25}, (0.025, 0.05), (True, True)),  # by the level that is passed on alone
        (0.5, {"rejected": True}, (0.05, 0), (False, True)),
    ],
)
def test_each_hypothesis_has_the_boundary_of_its_level(z, own, levels, rejected):
    found = family(result={"z": z, "information": 30}, hypotheses=meld(**own))
    assert [one.level for one in found.family.hypotheses] == pytest.approx(levels)
    assert tuple(one.rejected for one in found.family.hypotheses) == rejected
    for one, level, t in zip(found.family.hypotheses, levels, (0.5, 0.5), strict=True):
        if one.earlier:
            assert one.efficacy_z is None
            continue
        assert one.fraction == pytest.approx(t)
        assert one.efficacy_z == pytest.approx(pocock_z(level, t), abs=1e-6)
        assert one.lower_z == pytest.approx(-one.efficacy_z)
    shown = 0.05 if own.get("rejected") else 0.025
    assert found.looks[-1].efficacy_z == pytest.approx(pocock_z(shown, 0.5), abs=1e-6)
    assert "meld_survivors" in text_of(found)


def test_a_hypothesis_of_other_information_has_no_boundary_without_it():
    fisher, other = family(result={"z": 0.5, "information": 30}).family.hypotheses
    assert fisher.efficacy_z is not None
    assert (other.fraction, other.efficacy_z, other.rejected) == (None, None, False)


@pytest.mark.parametrize(
    ("own", "key", "words"),
    [
        ([{"analysis": "log_rank"}], "hypotheses[0].analysis", "is not looked at in this family"),
        (meld() + meld(), "hypotheses[1].analysis", "named twice"),
        ([{"analysis": "fisher", "z": 1.0}], "hypotheses[0].z", "give result"),
        (meld(earlier_information=[0.01]), "hypotheses[0].earlier_information", "one for each"),
    ],
)
def test_what_does_not_fit_the_family_is_refused(own, key, words):
    with pytest.raises(ScenarioError) as error:
        family(result={"z": 0.5, "information": 30}, hypotheses=own)
    (problem,) = error.value.problems
    assert problem.key == key
    assert words in str(problem)


def test_hypotheses_of_one_analysis_alone_are_refused():
    with pytest.raises(ScenarioError, match="one analysis alone"):
        study("nct05484908-looks").monitor(
            CUT | {"result": {"z": 0.5, "information": 30}, "hypotheses": meld()}
        )
