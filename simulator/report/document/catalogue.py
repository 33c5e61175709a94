"""Which values of a scenario matter to its size, by what they are called in words."""

from typing import NamedTuple


class Quantity(NamedTuple):
    r"""A quantity of a scenario.

    `pattern` is its key, `(\w+)` and the like being filled into the label in order; a number in
    brackets there stands for the name of that site, modality or arm. `unit` is a suffix, or `share`
    for a proportion. `main` are those that a page has room for.
    """

    pattern: str
    label: str
    unit: str = ""
    main: bool = False


EFFECT = (
    Quantity(r"hazard\.mortality_targets\.(.+)", "Mortality under {0}", "share", True),
    Quantity(
        r"hazard\.baseline\.mortality_at_horizon",
        "Probability of death from the liver by the horizon of the baseline hazard",
        "share",
        True,
    ),
    Quantity(r"hazard\.baseline\.horizon_days", "Horizon of the baseline hazard", "days"),
    Quantity(r"hazard\.baseline\.kind", "Shape of the baseline hazard"),
    Quantity(r"hazard\.baseline\.shape", "Weibull shape"),
    Quantity(r"hazard\.baseline\.days", "Days between which the hazard is constant", "days"),
    Quantity(r"hazard\.baseline\.shares", "Share of the cumulative hazard by then"),
    Quantity(
        r"hazard\.log_hazard_ratio_per_meld_point", "Log hazard ratio of death per point of MELD"
    ),
    Quantity(r"hazard\.frailty_log_sd", "Standard deviation of log frailty"),
    Quantity(r"hazard\.effect\.hazard_ratio", "Hazard ratio between the arms", "", True),
    Quantity(r"hazard\.effect\.delay_days", "Delay of the effect", "days"),
    Quantity(r"hazard\.effect\.waning_half_life_days", "Half-life of the effect", "days"),
    Quantity(
        r"modalities\[(\d+)\]\.full_course_hazard_ratio",
        "Hazard ratio of a full course of {0} against none",
        "",
        True,
    ),
)

CONDUCT = (
    Quantity(r"trial\.target_randomised", "Patients to be randomised", "patients"),
    Quantity(r"trial\.follow_up_days", "Follow-up of a patient", "days"),
    Quantity(r"trial\.start_date", "Start"),
    Quantity(r"trial\.planned_completion_date", "Planned completion"),
    Quantity(r"trial\.max_recruitment_days", "Longest recruitment", "days"),
    Quantity(r"accrual\.kind", "Accrual"),
    Quantity(
        r"accrual\.sites\[(\d+)\]\.randomised_per_month",
        "Patients randomised per month, {0}",
        "",
        True,
    ),
    Quantity(r"accrual\.sites\[(\d+)\]\.ramp_days", "Days to full recruitment, {0}", "days"),
    Quantity(r"accrual\.site_rates\.kind", "Rates of sites over trials"),
    Quantity(r"accrual\.candidates", "Candidates referred", "candidates"),
    Quantity(r"accrual\.over_days", "Period of referral", "days"),
    Quantity(r"eligibility\.consent_probability", "Consent of the eligible", "share", True),
    Quantity(r"allocation\.scheme", "Allocation scheme"),
    Quantity(r"allocation\.ratio", "Allocation ratio"),
    Quantity(r"allocation\.options\.block_sizes", "Block sizes", "patients"),
    Quantity(r"exits\.loss\.net_probability", "Loss to follow-up", "share", True),
    Quantity(r"exits\.loss\.by_day", "Loss is possible until day"),
    Quantity(r"exits\.withdrawal\.net_probability", "Withdrawal from treatment", "share"),
    Quantity(r"exits\.withdrawal\.by_day", "Withdrawal is possible until day"),
    Quantity(r"exits\.transplant\.net_probability", "Liver transplant", "share"),
    Quantity(r"exits\.tumour_death\.net_probability", "Death from the tumour", "share"),
    Quantity(r"exits\.infection\.net_probability", "Infection", "share"),
    Quantity(r"exits\.infection\.hazard_ratio", "Hazard ratio of death after infection"),
    Quantity(
        r"exits\.serious_adverse_event_hazard_ratio",
        "Hazard ratio of death after a serious adverse event",
    ),
)

TREATMENT = (
    Quantity(r"arms\[(\d+)\]\.plan\.sessions", "Sessions planned, {0}", "sessions", True),
    Quantity(r"arms\[(\d+)\]\.plan\.first_after_days", "First session due, {0}", "days"),
    Quantity(r"arms\[(\d+)\]\.plan\.least_interval_days", "Least interval, {0}", "days"),
    Quantity(r"arms\[(\d+)\]\.plan\.window_days", "Window of a session, {0}", "days"),
    Quantity(
        r"arms\[(\d+)\]\.plan\.stop_if_bilirubin_below_umol_per_l",
        "Sessions stop below bilirubin of, {0}",
        "µmol/L",
    ),
    Quantity(
        r"arms\[(\d+)\]\.plan\.postpone_if_platelets_below_1e9_per_l",
        "Sessions are postponed below platelets of, {0}",
        "10⁹/L",
    ),
    Quantity(r"arms\[(\d+)\]\.plan\.switch_if_plasma_short_to", "Modality if plasma is short, {0}"),
    Quantity(r"modalities\[(\d+)\]\.machine_hours", "Machine time of a session, {0}", "hours"),
    Quantity(r"modalities\[(\d+)\]\.plasma_litres", "Plasma of a session, {0}", "litres"),
    Quantity(r"unit\.machines", "Machines of the unit", "machines"),
    Quantity(r"unit\.nurses", "Nurses for the trial", "nurses"),
    Quantity(r"unit\.sessions_per_nurse", "Sessions that a nurse minds at once", "sessions"),
    Quantity(r"unit\.plasma\.capacity_litres", "Plasma store, at most", "litres"),
    Quantity(r"unit\.plasma\.initial_litres", "Plasma in store at the start", "litres"),
    Quantity(r"unit\.plasma\.delivery_litres_mean", "Plasma of a delivery, mean", "litres", True),
    Quantity(r"unit\.plasma\.delivery_litres_sd", "The same, standard deviation", "litres"),
    Quantity(r"unit\.background\.sessions_per_day", "Sessions of others, a day", "sessions"),
    Quantity(r"unit\.background\.hours_per_session", "Machine time of these", "hours"),
    Quantity(r"unit\.background\.plasma_litres_per_session", "Plasma of these", "litres"),
    Quantity(r"unit\.background\.served", "Others are served, to the trial's patients"),
    Quantity(r"unit\.queue", "Order of those who wait"),
)
