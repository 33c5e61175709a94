"""Answers for tests of what shows them: small, plausible, each field there, changed by keyword.

They are of a trial of 60 patients in two arms, `mine`, with 10,000 simulated trials.
"""

import math
from dataclasses import replace

from simulator.montecarlo.judgement import judge
from simulator.results.closed_forms import (
    ClosedForm,
    ClosedForms,
    Contrast,
    DetectableBy,
    DetectableDifference,
    Formula,
)
from simulator.results.conditional import ConditionalPower, ControlKind
from simulator.results.measures import Days, Estimate, NullHypothesis, Scale, Share
from simulator.results.operations import (
    ArmFlow,
    FunnelRow,
    LeftOut,
    Operations,
    Step,
    UnitUse,
)
from simulator.results.power import (
    AnalysisPower,
    Assumption,
    DirectionalPower,
    Effect,
    EffectKind,
    EstimandAttributes,
    Performance,
    Power,
    RecruitmentKey,
    Test,
)
from simulator.results.size import (
    PATIENTS,
    CurvePoint,
    LargestPower,
    NoSize,
    NoSizeKind,
    RecruitmentLimit,
    Size,
    SizeBasis,
    SizeEstimate,
    SizeOperations,
)
from simulator.results.sources import SourceKind
from simulator.results.sweep import PointPower, Sweep, SweepPoint

ARMS = ("PE", "DPMAS+LPE")
TRIALS = 10_000
TARGET = 0.8
ALPHA = 0.05
EFFECTS = {
    NullHypothesis.NONE: Effect(EffectKind.DIRECT, hazard_ratio=0.85),
    NullHypothesis.STRONG: Effect(EffectKind.NONE),
    NullHypothesis.MORTALITY: Effect(EffectKind.EQUAL_HAZARDS),
}
FISHER = Test("fisher", "Fisher's exact test", "Fisher's exact test", "Fisher", "")
CHI_SQUARE = Test(
    "chi_square",
    "Pearson's chi-square test",
    "Pearson's chi-square test",
    "Chi-square",
    "asymptotic",
)
NEWCOMBE = Test(
    "risk_difference",
    "the analysis newcombe",
    "newcombe",
    "newcombe",
    "interval: newcombe",
)
LOG_RANK = Test("log_rank", "the log-rank test", "log-rank test", "Log-rank", "")


def by_arm(first, second=None, mcse=0.01):
    """An estimate of each arm; of both the same if only one is given."""
    return {
        ARMS[0]: Estimate(first, mcse),
        ARMS[1]: Estimate(first if second is None else second, mcse),
    }


NOTHING_BY_ARM = by_arm(math.nan, mcse=math.nan)


def performance(**changes):
    """How good the estimates of a difference of mortality are."""
    made = Performance(
        truth=-0.0324, truth_mcse=0.0021, survivor_average=None, survivor_average_mcse=None,
        estimates=TRIALS, standard_errors=TRIALS, intervals=TRIALS, significant=376,
        mean=-0.033, bias=-0.0006, bias_mcse=0.0025, empirical_se=0.128,
        empirical_se_mcse=0.0009, model_se=0.127, model_se_mcse=0.0001, rmse=0.128,
        rmse_mcse=0.0009, coverage=0.9445, coverage_mcse=0.0023, sign_error=0.234,
        sign_error_mcse=0.022, exaggeration=10.14, exaggeration_mcse=0.66,
    )  # fmt: skip
    return replace(made, **changes)


def analysis_power(test=FISHER, power=0.0376, low=0.0340, high=0.0415, **changes):
    """An analysis that rejects in a share of the trials, with its interval."""
    summary = "difference in 84-day mortality"
    rejections = round(TRIALS * power)
    made = AnalysisPower(
        name=test.word,
        test=test,
        estimand=f"{summary} ({test.short}), DPMAS+LPE against PE, of all randomised; transplant "
        "counts as death",
        scale=Scale.PROPORTION,
        alpha=ALPHA,
        trials=TRIALS,
        rejections=rejections,
        favouring={ARMS[0]: 88, ARMS[1]: rejections - 88},
        power=power,
        mcse=0.0019,
        ci_low=low,
        ci_high=high,
        in_favour_of={
            ARMS[0]: DirectionalPower(0.0088, 0.0009, 0.0071, 0.0108),
            ARMS[1]: DirectionalPower(power - 0.0088, 0.0017, low - 0.0085, high - 0.0085),
        },
        not_analysable=0,
        reasons={},
        performance=performance(),
        estimand_attributes=EstimandAttributes(
            population="all randomised",
            treatment="DPMAS+LPE against PE",
            variable="death by day 84",
            transplant="composite: counts as death",
            rescue="treatment policy",
            withdrawal="treatment policy",
            death=None,
            loss="patients lost to follow-up before day 84 are excluded",
            loss_bias="mortality is overstated in both arms, since the dead can no longer be lost; "
            "the estimate is biased either way, even if loss is independent of prognosis and alike "
            "in both arms",
            summary=summary,
        ),
        prior={},
    )
    return replace(made, **changes)


def conditional_power(**changes):
    """A conditional estimate beside the counts, eight times as exact."""
    made = ConditionalPower(
        power=0.0380,
        mcse=0.00064,
        ci_low=0.0367,
        ci_high=0.0393,
        variance_ratio=8.85,
        variance_ratio_mcse=1.24,
        trials=TRIALS,
        pilot_trials=500,
        runs_per_trial=2,
        control=ControlKind.COUNTS,
    )
    return replace(made, **changes)


def operations(**changes):
    """What the trial takes: sessions, some plasma short, an even chance to be on time."""
    made = Operations(
        enrolment_days=Days(791.64, 1.02, 633.0, 968.2),
        trial_days=Estimate(875.6, 1.0),
        target_randomised=60,
        target_reached=Share(1.0, 0.9996, 1.0),
        on_time=Share(0.5098, 0.5000, 0.5196),
        screened=Estimate(148.98, 0.15),
        randomised=Estimate(60.0, 0.0),
        funnel=(
            FunnelRow(
                Step.CRITERION,
                "I6",
                "INR above 1.5",
                "INR of 1.5 or less",
                Estimate(0.097, 0.0005),
                0.12,
            ),
            FunnelRow(Step.RANDOMISED, "randomised", "", "randomised", Estimate(0.4, 0.001), None),
        ),
        mortality=by_arm(0.44858, 0.41575, 0.0009),
        mortality_from_tumour=by_arm(0.0428, 0.0436, 0.0004),
        patients=by_arm(29.994, 30.006, 0.005),
        withdrawn=by_arm(0.892),
        lost=by_arm(1.045, 1.091),
        transplants=by_arm(0.208),
        infections=by_arm(3.12),
        sessions_planned=by_arm(89.98),
        sessions_due=by_arm(80.52, 80.26),
        sessions_delivered=by_arm(79.81),
        sessions_equivalent=by_arm(76.9),
        sessions_cut_short=by_arm(5.65),
        sessions_late=by_arm(6.3, 8.18),
        sessions_missed=by_arm(0.279, 0.187),
        sessions_not_due=by_arm(9.46, 9.72),
        sessions_beyond_plan=by_arm(0.0, mcse=0.0),
        sessions_left_waiting=by_arm(0.431, 0.263),
        sessions_broken_off=by_arm(0.0, mcse=0.0),
        plasma_litres=by_arm(159.76, 79.59),
        machine_hours=by_arm(154.1, 322.2),
        short_of_plasma_share=by_arm(0.0535, 0.0418, 0.0003),
        wait_days=by_arm(0.37, 0.55),
        unit=UnitUse(
            days_open=Estimate(750.5, 0.9),
            days_short_of_plasma=Estimate(10.71, 0.06),
            machine_use=Estimate(0.29, 0.001),
        ),
        cost=None,
        flow={arm: arm_flow(mean) for arm, mean in zip(ARMS, (29.994, 30.006), strict=True)},
    )
    return replace(made, **changes)


def arm_flow(randomised, has_sessions=True, **changes):
    """What becomes of an arm: 1.2 have no session, 1.05 are lost, and 13.2 die."""
    made = ArmFlow(
        randomised=Estimate(randomised, 0.005),
        treated=Estimate(randomised - 1.2, 0.01) if has_sessions else None,
        not_treated=Estimate(1.2, 0.01) if has_sessions else None,
        withdrawn=Estimate(0.88, 0.01),
        died=Estimate(13.2, 0.03),
        lost=Estimate(1.05, 0.01),
        alive=Estimate(randomised - 14.25, 0.03),
        transplanted=Estimate(0.2, 0.005),
        analysed=Estimate(randomised - 1.05, 0.01),
        left_out={
            why.value: Estimate(1.05, 0.01) if why is LeftOut.LOST else Estimate(0.0, 0.0)
            for why in LeftOut
        },
    )
    return replace(made, **changes)


def operations_without_sessions(**changes):
    """What a trial takes that treats nobody in sessions."""
    made = operations()
    none = {
        name: by_arm(0.0, mcse=0.0)
        for name in ("plasma_litres", "machine_hours", *_session_columns(made))
    }
    undefined = dict.fromkeys(("short_of_plasma_share", "wait_days"), NOTHING_BY_ARM)
    flow = {arm: arm_flow(30.0, has_sessions=False) for arm in ARMS}
    return replace(made, **none, **undefined, flow=flow, **changes)


def _session_columns(made):
    return [name for name in vars(made) if name.startswith("sessions_")]


def power_answer(
    power=0.0376, low=0.0340, high=0.0415, null=NullHypothesis.NONE, target=TARGET, **changes
):
    """An answer of `power`; its verdict is that of the first analysis's interval."""
    made = Power(
        scenario="mine",
        title="A trial of <b>& 60 patients",
        files=("mine.yaml",),
        asked="mine.yaml",
        seed=7,
        engine="compiled",
        trials=TRIALS,
        version="0.1.0",
        interrupted=False,
        null_hypothesis=null,
        arms=ARMS,
        effect=EFFECTS[null],
        selection_bias=None,
        drift=None,
        analyses=(
            analysis_power(FISHER, power, low, high),
            analysis_power(LOG_RANK, 0.0611, 0.0566, 0.0660),
        ),
        agreement=(),
        multiplicity=(),
        operations=operations(),
        assumptions=(
            Assumption(
                "hazard.mortality_targets.PE",
                "assumption: *borrowed* [0.3]",
                SourceKind.ASSUMPTION,
                ("A21",),
            ),
            Assumption("exits.loss.net_probability", "assumption", SourceKind.ASSUMPTION, ()),
        ),
        defaults=0,
        verdict=judge(null, low, high, ALPHA, target, trials=TRIALS),
        recruitment_key=RecruitmentKey("accrual.sites[0].randomised_per_month", 2.32),
    )
    return replace(made, **changes)


def sweep_answer(null=NullHypothesis.NONE, **changes):
    """A sweep of the number of patients: the plan's 60, and 120."""
    points = (
        _sweep_point(60, 0.0376, 0.0, math.nan, null),
        _sweep_point(120, 0.0512, 0.0136, 0.0021, null),
    )
    made = Sweep(
        scenario="mine",
        title="A trial",
        seed=7,
        trials=TRIALS,
        version="0.1.0",
        null_hypothesis=null,
        threshold=judge(null, 0.0, 1.0, ALPHA, TARGET, trials=TRIALS).threshold,
        keys=(PATIENTS,),
        base={PATIENTS: 60},
        interrupted=False,
        points=points,
    )
    return replace(made, **changes)


def _sweep_point(patients, power, difference, paired_mcse, null):
    o, low, high = operations(), power - 0.004, power + 0.004
    judgement = judge(null, low, high, ALPHA, TARGET, trials=TRIALS).judgement
    return SweepPoint(
        values={PATIENTS: patients},
        is_base=patients == 60,
        analyses=(
            PointPower("fisher", power, 0.002, low, high, difference, paired_mcse, judgement),
        ),
        target_randomised=patients,
        enrolment_days=o.enrolment_days,
        target_reached=o.target_reached,
        on_time=o.on_time,
        randomised=Estimate(float(patients), 0.0),
        mortality=by_arm(0.449, 0.416, 0.001),
        lost=o.lost,
        patients=o.patients,
        sessions_delivered=o.sessions_delivered,
        plasma_litres=o.plasma_litres,
        short_of_plasma_share=o.short_of_plasma_share,
    )


def closed_form(formula, patients, **changes):
    """One formula's answer."""
    of_hazards = formula in (Formula.SCHOENFELD, Formula.FREEDMAN)
    made = ClosedForm(formula, patients, mcse=None if patients is None else 0.0)
    if of_hazards:
        made = replace(
            made, events=3139.0, hazard_ratio=0.908, proportional=False, event_probability=0.43
        )
    return replace(made, **changes)


def closed_forms(*needed, **changes):
    """Closed-form sample sizes of a test of proportions: by the normal approximation, unless given.

    Inputs are estimated, with an error that is left of the size.
    """
    made = ClosedForms(
        target_power=TARGET,
        test_name="Fisher's exact test",
        control=0.449,
        experimental=0.416,
        lost=0.036,
        exact_inputs=False,
        largest_enumerated=600,
        needed=needed or (closed_form(Formula.NORMAL, 7100.0, mcse=465.0),),
        contrast=Contrast.SESSIONS,
    )
    return replace(made, **changes)


def curve_point(value, randomised, trials, rejections, **changes):
    """Power at a value that a search tried; a twentieth of the trials are not analysable."""
    power = rejections / trials
    error = (power * (1 - power) / trials) ** 0.5
    made = CurvePoint(
        value=value,
        randomised=randomised,
        randomised_mcse=0.0 if value == randomised else 0.3,
        target_reached=1.0,
        trials=trials,
        analysable=trials - trials // 20,
        rejections=rejections,
        favouring=rejections - 3,
        power=power,
        mcse=error,
        ci_low=power - 1.96 * error,
        ci_high=power + 1.96 * error,
        exact_power=None,
    )
    return replace(made, **changes)


def size_answer(reached=True, **changes):
    """A search for the number of patients, which is found or more than can be recruited."""
    o = operations()
    never = NoSize(NoSizeKind.RECRUITMENT, 60.0, 7000.0, recruitment_days=1825.0, patients=141.2)
    found = SizeEstimate(7040.0, 6950.0, 7130.0, 0.801, 0.002, 0.95, SizeBasis.TREND)
    made = Size(
        scenario="mine",
        title="A trial",
        seed=7,
        version="0.1.0",
        key=PATIENTS,
        key_name="Patients to be randomised",
        own_value=60,
        analysis="fisher",
        test_name="Fisher's exact test",
        alpha=ALPHA,
        target_power=TARGET,
        arm="DPMAS+LPE",
        favoured=False,
        discrete=True,
        reached=reached,
        reason=None if reached else never,
        precise=reached,
        answer=found if reached else None,
        n_lasting=None,
        n_trend=7040.0 if reached else None,
        n_trend_low=6950.0 if reached else None,
        n_trend_high=7130.0 if reached else None,
        largest=LargestPower(141.0, 0.09, 0.003),
        recruitment=None if reached else RecruitmentLimit(154.0, 1825.0, 141.2, 0.3),
        trials=90_000,
        operations=SizeOperations(
            value=7040.0,
            randomised=Estimate(7040.0, 0.0),
            enrolment_days=Days(92_373.2, 14.2, 9e4, 9.4e4),
            trial_days=Estimate(92_457.2, 14.2),
            target_reached=o.target_reached,
            on_time=None,
            mortality=o.mortality,
            patients=by_arm(3520.0),
            lost=by_arm(123.0),
            sessions_delivered=Estimate(18_712.3, 1.2),
            plasma_litres=Estimate(28_110.0, 3.0),
            cost=None,
        ),
        curve=(
            curve_point(60.0, 60.0, 3000, 120),
            *((curve_point(7040.0, 7040.0, 27_000, 21_627),) if reached else ()),
            *(() if reached else (curve_point(7000.0, 141.2, 25_000, 2250, target_reached=0.0),)),
        ),
        fit=None,
        fitted=(),
        closed_forms=closed_forms(),
    )
    return replace(made, **changes)


def detectable_difference(**changes):
    """The smallest difference that 30 patients in each arm detect."""
    made = DetectableDifference(
        DetectableBy.ENUMERATION, (30, 30), TARGET, ALPHA, control=0.449, experimental=0.12
    )
    return replace(made, **changes)


def calibrated_values() -> dict[str, object]:
    """Targets of the bare trial at odds with each other, and a check, for `with_values`."""
    by = [{"key": "hazard.baseline.mortality_at_horizon", "low": 0.2, "high": 0.9}]
    frame = {"tolerance": 0.01, "by": by, "source": "assumption"}
    seen = {"rows": ["A33"], "observed": {"events": 20, "n": 40}, "between_study_log_odds_sd": 0.5}
    arm = {"arm": "control"}
    return {
        "calibrated": [
            {"measure": "mortality", **arm, "value": 0.5, **frame},
            {"measure": "death_or_transplant", **arm, "value": 0.3, **frame},
        ],
        "acceptance": [{"measure": "mortality", **arm, **seen}],
    }
