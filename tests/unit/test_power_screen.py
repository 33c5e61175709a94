"""The screen of `power`: thirty lines of a hundred columns, and nothing wider than the terminal."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from answers import (
    FISHER,
    TRIALS,
    analysis_power,
    conditional_power,
    operations,
    operations_without_sessions,
    power_answer,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from simulator.report.text import full_text, sections_of
from simulator.report.text.advice import next_steps
from simulator.report.text.page import as_text
from simulator.report.text.power_screen import power_screen
from simulator.results.measures import Estimate, Judgement, NullHypothesis, Share
from simulator.results.power import Drift, FamilyPower

RUN = Path("results/power-mine-seed7-0123456789ab")
BESIDE = 2  # lines for the message on the run's folder and for the prompt


def screen(answer, width=100, run=RUN):
    return as_text(power_screen(answer, width, run), width)


def renamed(answer, arms):
    """The same answer with arms of other names."""

    def of(by_arm):
        return dict(zip(arms, by_arm.values(), strict=True))

    made = answer.operations
    maps = {key: of(value) for key, value in vars(made).items() if isinstance(value, dict)}
    analyses = tuple(
        replace(a, favouring=of(a.favouring), in_favour_of=of(a.in_favour_of))
        for a in answer.analyses
    )
    return replace(answer, arms=arms, analyses=analyses, operations=replace(made, **maps))


def many(count, name="analysis_{}"):
    return tuple(analysis_power(replace(FISHER, word=name.format(k))) for k in range(count))


VARIANTS = {
    "as planned": power_answer(),
    "37 analyses": power_answer(analyses=many(37)),
    "adequate": power_answer(0.85, 0.84, 0.86),
    "inconclusive": power_answer(0.795, 0.787, 0.803),
    "null": power_answer(null=NullHypothesis.STRONG),
    "equal hazards": power_answer(null=NullHypothesis.MORTALITY),
    "no sessions": power_answer(operations=operations_without_sessions()),
    "recruitment": power_answer(operations=operations(target_reached=Share(0.1, 0.09, 0.11))),
    "conditional": power_answer(analyses=(analysis_power(conditional=conditional_power()),)),
    "drift": power_answer(drift=Drift("linear", 0.5)),
    "families": power_answer(
        analyses=many(12),
        multiplicity=(
            FamilyPower(
                "both", "fixed_sequence", 0.05, {}, *[Estimate(0.05, 0.002)] * 2, TRIALS, 0
            ),
        )
        * 3,
    ),
}


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("name", VARIANTS)
def test_no_line_is_wider_than_the_terminal(name, width):
    for text in (screen(VARIANTS[name], width), as_text(_all(VARIANTS[name]), width)):
        assert max(map(cell_len, text.splitlines())) <= width


def _all(answer):
    return [block for blocks in sections_of(answer).values() for block in blocks]


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("name", VARIANTS)
def test_a_screen_is_thirty_lines_with_the_message_and_the_prompt(name, width):
    assert len(screen(VARIANTS[name], width).splitlines()) + BESIDE <= 30


def test_the_verdict_and_the_next_commands_are_what_remains():
    lines = screen(power_answer()).splitlines()
    verdict = next(k for k, line in enumerate(lines) if line.startswith("UNDERPOWERED"))
    rest = [line for line in lines[verdict:] if "trialsim " in line]
    assert verdict >= len(lines) - 8
    assert lines[-1] == rest[-1] == f"everything:      trialsim show {RUN}"


def test_a_conditional_estimate_has_a_line_of_its_own_and_counts_stay():
    text = screen(VARIANTS["conditional"])
    assert (
        "Conditional  3.80% +- 0.06% with deaths averaged out, as exact as 9 times the trials"
        in text
    )
    assert "fisher" in text
    assert "3.8%" in text
    nothing = conditional_power(mcse=0.001, variance_ratio=None, variance_ratio_mcse=None)
    text = screen(power_answer(analyses=(analysis_power(conditional=nothing),)))
    assert "deaths averaged out\n" in text


def test_analyses_without_room_are_counted_and_the_primary_one_is_shown():
    text = screen(VARIANTS["37 analyses"])
    shown = text.count("\nanalysis_")
    assert "analysis_0 " in text
    assert f"and {37 - shown} more analyses: trialsim show {RUN} power" in text


def test_not_analysable_trials_have_a_column_only_where_there_are_any():
    some = analysis_power(not_analysable=120, reasons={"no death": 120})
    assert "not analysable" not in screen(power_answer())
    assert "120 (1.2%)" in screen(power_answer(analyses=(some,)))


def test_mortality_losses_sessions_plasma_and_recruitment_have_a_line_each():
    labels = [line.split("  ")[0] for line in screen(power_answer()).splitlines()]
    for label in ("Recruitment", "Sessions", "Plasma", "Losses", "Mortality"):
        assert labels.count(label) == 1


# By hand: the interval of 79.5 % leaves 80 % out once n > 1.959964^2 x .8 x .2 / .005^2 = 24,585.
SETTLED = 24_586


@pytest.mark.parametrize(
    ("judgement", "commands"),
    [
        (
            Judgement.UNDERPOWERED,
            [
                "trialsim size mine.yaml --power 0.8 --seed 7",
                "trialsim sweep mine.yaml --vary trial.target_randomised=60,120,240 --seed 7",
            ],
        ),
        (
            Judgement.INCONCLUSIVE,
            [
                "trialsim power mine.yaml --trials 25000 --seed 7",
                "trialsim size mine.yaml --power 0.8 --seed 7",
            ],
        ),
        (
            Judgement.ADEQUATE,
            [f"trialsim report {RUN}", "trialsim power mine.yaml --certify --seed 7"],
        ),
        (Judgement.TOO_FEW_TRIALS, ["trialsim power mine.yaml --trials 10000 --seed 7"]),
    ],
)
def test_the_next_commands_fit_the_verdict(judgement, commands):
    answer = power_answer()
    verdict = replace(answer.verdict, judgement=judgement, trials_to_settle=SETTLED)
    steps = [step.command for step in next_steps(replace(answer, verdict=verdict), RUN)]
    assert steps == [*commands, f"trialsim show {RUN}"]


def test_a_level_is_to_be_known_more_precisely():
    steps = [step.command for step in next_steps(power_answer(null=NullHypothesis.STRONG), RUN)]
    assert steps[0] == "trialsim power mine.yaml --precision 0.001 --seed 7"


def test_what_was_interrupted_is_no_run_to_be_shown_or_written_up():
    answer = replace(power_answer(0.85, 0.84, 0.86), interrupted=True)
    commands = [step.command for step in next_steps(answer, RUN)]
    assert not any(str(RUN) in command for command in commands)


def test_where_recruitment_is_the_limit_it_is_what_is_varied():
    steps = next_steps(VARIANTS["recruitment"], RUN)
    assert steps[0].command == (
        "trialsim sweep mine.yaml --vary "
        "'accrual.sites[0].randomised_per_month=2.32,4.64,9.28' --seed 7"
    )


def test_a_target_of_the_users_goes_on_into_the_next_commands():
    answer = power_answer(0.895, 0.86, 0.92, target=0.9)
    verdict = replace(answer.verdict, trials_to_settle=SETTLED)
    steps = [step.command for step in next_steps(replace(answer, verdict=verdict), RUN)]
    assert steps[0] == "trialsim power mine.yaml --trials 25000 --power-target 0.9 --seed 7"
    assert steps[1] == "trialsim size mine.yaml --power 0.9 --seed 7"


WORDS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=90
).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(
    arms=st.tuples(WORDS, WORDS).filter(lambda pair: pair[0] != pair[1]),
    name=st.text("abcdefgh_0123456789", min_size=1, max_size=60),
    title=WORDS,
    count=st.integers(1, 45),
    power=st.floats(0, 1),
    width=st.sampled_from([60, 80, 100, 140]),
)
def test_nothing_breaks_the_width_whatever_the_names_and_numbers(
    arms, name, title, count, power, width
):
    half = min(power, 1 - power, 0.004)
    made = power_answer(power, power - half, power + half, title=title)
    others = many(count, name + "_{}")
    answer = renamed(replace(made, analyses=(made.analyses[0], *others)), arms)
    text = screen(answer, width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert max(map(cell_len, as_text(_all(answer), width).splitlines())) <= width
    shown = f"{100 * power:.1f}%"
    beside = abs(power - 0.8) < 0.01 or half == 0
    assert beside or any(shown in line for line in text.splitlines())


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_no_number_of_a_table_is_cut_or_folded(width):
    whole = full_text(power_answer())  # at 100 columns
    numbers = {"-0.032 +- 0.002", "30.0", "10.1 +- 0.7", "44.86% +- 0.09%", "80.5", "0.37 +- 0.01"}
    assert all(number in whole for number in numbers)
    narrow = as_text(_all(power_answer()), width)
    assert all(any(number in line for line in narrow.splitlines()) for number in numbers)


def test_what_nobody_has_is_a_dash_and_no_nan():
    nothing = {arm: Estimate(math.nan, math.nan) for arm in power_answer().arms}
    text = screen(power_answer(operations=operations(mortality=nothing)))
    assert "Mortality    PE -, DPMAS+LPE -" in text
    assert "nan" not in text.lower().split()
