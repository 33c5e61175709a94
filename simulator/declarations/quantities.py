"""What the values of a scenario are called: names for people, with units, by key.

The one place for them: documents, tables and axes of figures take their names from here.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from simulator.declarations.keys import Step, key_path, matched, steps_of

ValueAt = Callable[[str], Any]  # value of a key; None where a scenario has none


class Quantity(NamedTuple):
    """A quantity of a scenario.

    `pattern` is its key, in which a `*` stands for any step; what it stands for is filled into the
    label, the place of a site, modality or arm by its name. `unit` is a suffix, `share` for a
    proportion, or `currency` for the one that the scenario names. `main` are those that a page has
    room for. `idle` is the value that does nothing.
    """

    pattern: str
    label: str
    unit: str = ""
    main: bool = False
    idle: float = 0.0


EFFECT = (
    Quantity("hazard.mortality_targets.*", "Mortality under {0}", "share", True),
    Quantity("hazard.mortality_target_day", "Day of these mortalities", "", True),
    Quantity(
        "hazard.baseline.mortality_at_horizon",
        "Mortality under the baseline hazard, by its horizon",
        "share",
        True,
    ),
    Quantity("hazard.baseline.horizon_days", "Horizon of the baseline hazard", "days"),
    Quantity("hazard.baseline.kind", "Shape of the baseline hazard"),
    Quantity("hazard.baseline.shape", "Weibull shape"),
    Quantity("hazard.baseline.days", "Days between which the hazard is constant", "days"),
    Quantity("hazard.baseline.shares", "Share of the cumulative hazard by then"),
    Quantity(
        "hazard.log_hazard_ratio_per_meld_point", "Log hazard ratio of death per point of MELD"
    ),
    Quantity("hazard.covariates[*].log_hazard_ratio", "Log hazard ratio of death per unit of {0}"),
    Quantity("hazard.covariates[*].centre", "Value of {0} that the baseline hazard is for"),
    Quantity("hazard.frailty_log_sd", "Standard deviation of log frailty"),
    Quantity("hazard.effect.hazard_ratio", "Hazard ratio between the arms", "", True),
    Quantity("hazard.effect.delay_days", "Delay of the effect", "days"),
    Quantity("hazard.effect.waning_half_life_days", "Half-life of the effect", "days"),
    Quantity(
        "modalities[*].full_course_hazard_ratio",
        "Hazard ratio of a full course of {0} against none",
        "",
        True,
    ),
)

CONDUCT = (
    Quantity("trial.target_randomised", "Patients to be randomised", "patients"),
    Quantity("trial.follow_up_days", "Follow-up per patient", "days"),
    Quantity("trial.max_follow_up_days", "Longest follow-up per patient", "days"),
    Quantity("trial.end.deaths", "Known deaths that end the trial", "deaths"),
    Quantity(
        "trial.end.deaths_per_patient", "Known deaths that end the trial, per patient planned"
    ),
    Quantity("trial.end.min_follow_up_days", "Follow-up of the last patient", "days"),
    Quantity("trial.start_date", "Start"),
    Quantity("trial.planned_completion_date", "Planned completion"),
    Quantity("trial.max_recruitment_days", "Longest recruitment", "days"),
    Quantity("accrual.kind", "Accrual"),
    Quantity("accrual.sites[*]", "Site {0}"),
    Quantity(
        "accrual.sites[*].randomised_per_month",
        "Patients randomised per month, {0}",
        "",
        True,
    ),
    Quantity(
        "accrual.sites[*].referred_per_month",
        "Candidates referred per month, {0}",
        "",
        True,
    ),
    Quantity("accrual.sites[*].opens_day", "Opens on day, {0}"),
    Quantity("accrual.sites[*].ramp_days", "Days to full recruitment, {0}", "days"),
    Quantity("accrual.site_rates.kind", "Rates of sites over trials"),
    Quantity("accrual.candidates", "Candidates referred", "candidates"),
    Quantity("accrual.over_days", "Period of referral", "days"),
    Quantity("eligibility.consent_probability", "Consent of the eligible", "share", True),
    Quantity("allocation.scheme", "Allocation scheme"),
    Quantity("allocation.ratio", "Allocation ratio"),
    Quantity("allocation.options.block_size", "Block size", "patients"),
    Quantity("allocation.options.block_sizes", "Block sizes", "patients"),
    Quantity("allocation.options.*", "Option {0} of the allocation scheme"),
    Quantity("allocation.factors[*].variable", "Factor of allocation"),
    Quantity("allocation.factors[*].cut_points", "Levels of the factor {0} are cut at"),
    Quantity("exits.loss.net_probability", "Loss to follow-up", "share", True),
    Quantity("exits.loss.by_day", "Loss is possible until day"),
    Quantity("exits.loss.goes_on", "Loss goes on at its rate after that day"),
    Quantity("exits.withdrawal.net_probability", "Withdrawal from treatment", "share"),
    Quantity("exits.withdrawal.by_day", "Withdrawal is possible until day"),
    Quantity("exits.transplant.net_probability", "Liver transplant", "share"),
    Quantity("exits.transplant.goes_on", "Transplants go on at their rate after follow-up"),
    Quantity("exits.tumour_death.net_probability", "Tumour-related death", "share"),
    Quantity("exits.tumour_death.goes_on", "Tumour-related death goes on at its rate after that"),
    Quantity("exits.infection.net_probability", "Infection", "share"),
    Quantity("exits.infection.hazard_ratio", "Hazard ratio of death after infection", idle=1.0),
    Quantity(
        "exits.serious_adverse_event_hazard_ratio",
        "Hazard ratio of death after a serious adverse event",
        idle=1.0,
    ),
)

# Of the variables that allocation or the hazard looks at: there may be dozens of others.
PATIENTS = (
    Quantity("candidates.variables[*].kind", "Distribution of {0}"),
    Quantity("candidates.variables[*].mean", "Mean of {0}"),
    Quantity("candidates.variables[*].sd", "Standard deviation of {0}"),
    Quantity("candidates.variables[*].median", "Median of {0}"),
    Quantity("candidates.variables[*].log_sd", "Standard deviation of log {0}"),
    Quantity("candidates.variables[*].probability", "Probability of {0}", "share"),
)

TREATMENT = (
    Quantity("arms[*].plan.sessions", "Sessions planned, {0}", "sessions", True),
    Quantity("arms[*].plan.first_after_days", "First session due, {0}", "days"),
    Quantity("arms[*].plan.least_interval_days", "Least interval, {0}", "days"),
    Quantity("arms[*].plan.window_days", "Window of a session, {0}", "days"),
    Quantity(
        "arms[*].plan.stop_if_bilirubin_below_umol_per_l",
        "Sessions stop below bilirubin of, {0}",
        "µmol/L",
    ),
    Quantity(
        "arms[*].plan.postpone_if_platelets_below_1e9_per_l",
        "Sessions are postponed below platelets of, {0}",
        "10⁹/L",
    ),
    Quantity("arms[*].plan.switch_if_plasma_short_to", "Modality if plasma is short, {0}"),
    Quantity("modalities[*].machine_hours", "Machine time per session, {0}", "hours"),
    Quantity("modalities[*].plasma_litres", "Plasma per session, {0}", "litres"),
    Quantity("unit.machines", "Machines of the unit", "machines"),
    Quantity("unit.nurses", "Nurses for the trial", "nurses"),
    Quantity("unit.sessions_per_nurse", "Sessions that a nurse minds at once", "sessions"),
    Quantity("unit.plasma.capacity_litres", "Plasma store, at most", "litres"),
    Quantity("unit.plasma.initial_litres", "Plasma in store at the start", "litres"),
    Quantity("unit.plasma.delivery_litres_mean", "Plasma per delivery, mean", "litres", True),
    Quantity("unit.plasma.delivery_litres_sd", "The same, standard deviation", "litres"),
    Quantity("unit.background.sessions_per_day", "Sessions of others, per day", "sessions"),
    Quantity("unit.background.hours_per_session", "Machine time of these", "hours"),
    Quantity("unit.background.plasma_litres_per_session", "Plasma of these", "litres"),
    Quantity("unit.background.served", "Others are served, to the trial's patients"),
    Quantity("unit.queue", "Order of those who wait"),
    Quantity("costs.per_session.*", "Cost per session, {0}", "currency"),
    Quantity("costs.per_patient", "Cost per patient randomised", "currency"),
    Quantity("costs.per_site", "Cost per site", "currency"),
    Quantity("costs.per_month", "Cost per month of the trial", "currency"),
    Quantity("costs.per_plasma_litre", "Cost per litre of plasma", "currency"),
)

OTHERS = (  # of which documents have no table, but which may be varied
    Quantity("hazard.meld_reference", "MELD of the patient whose hazard is the baseline", "points"),
    Quantity("exits.tumour_death.by_day", "Tumour-related death is possible until day"),
    Quantity("exits.transplant.by_day", "Liver transplant is possible until day"),
    Quantity("exits.infection.by_day", "Infection is possible until day"),
    Quantity("analyses[*].alpha", "Nominal level of {0}", "share"),
    Quantity("analyses[*].margin", "Margin of {0}"),
)

_ALL = EFFECT + CONDUCT + PATIENTS + TREATMENT + OTHERS
_NAMES = "name", "variable"  # keys by which an item is called, the first that it has
_SHARE = "proportion"
CURRENCY = "costs.currency"  # key of the unit of costs
_ABBREVIATIONS = {"meld": "MELD", "inr": "INR", "sd": "SD", "id": "ID"}


def name_of(key: str, value_at: ValueAt) -> str:
    """Return the name of a value; of one without a name, the words of its key and the key."""
    found = _match(key)
    if found is not None:
        quantity, stars = found
        return quantity.label.format(owner_of(key, stars, value_at))
    words = [step for step in steps_of(key) or () if isinstance(step, str)]
    last = words[-1].replace("_", " ") if words else key
    return key if last == key else f"{last[:1].upper()}{last[1:]} ({key})"


def name_with_unit(key: str, value_at: ValueAt) -> str:
    """Return the name of a value as an axis has it, its unit in brackets.

    A value without a name has the words of its key, what it belongs to in brackets.
    """
    found = _match(key)
    if found is None:
        return _in_words(steps_of(key) or (key,), value_at)
    name, unit = name_of(key, value_at).replace("_", " "), unit_of(found[0], value_at)
    if not unit or unit.rstrip("s") in name.lower():  # as patients of "Patients to be randomised"
        return name
    return f"{name} ({_SHARE if unit == 'share' else unit})"


def unit_of(quantity: Quantity, value_at: ValueAt) -> str:
    """Return the unit of a quantity; of a cost, the scenario's currency."""
    return str(value_at(CURRENCY) or "") if quantity.unit == "currency" else quantity.unit


def _in_words(steps: tuple[Step, ...], value_at: ValueAt) -> str:
    """Return the last step in words, and those before it in brackets, items by their names."""
    words = []
    for place, step in enumerate(steps):
        if isinstance(step, int):
            name = value_at(key_path((*steps[: place + 1], "name")))
            words.append(str(step + 1 if name is None else name))
        else:
            words.append(step)
    plain = [" ".join(_ABBREVIATIONS.get(part, part) for part in word.split("_")) for word in words]
    if len(steps) > 1 and isinstance(steps[-1], int):  # an item is named with its list
        plain[-2:] = [" ".join(plain[-2:])]
    name = plain[-1][:1].upper() + plain[-1][1:]
    return f"{name} ({', '.join(plain[:-1])})" if plain[:-1] else name


def owner_of(key: str, stars: tuple[Step, ...], value_at: ValueAt) -> str:
    """Return the name of the arm, site, modality or variable that a key is of; empty for none.

    `stars` is what the stars of the key's pattern stand for.
    """
    if not stars:
        return ""
    steps, place = steps_of(key) or (), stars[0]
    if isinstance(place, str):
        return "each" if place == "*" else place
    item = steps[: steps.index(place) + 1]
    names = (value_at(key_path((*item, key))) for key in _NAMES)
    return str(next((name for name in names if name is not None), place))


@lru_cache(maxsize=4096)
def _match(key: str) -> tuple[Quantity, tuple[Step, ...]] | None:
    for quantity in _ALL:
        stars = matched(quantity.pattern, key)
        if stars is not None:
            return quantity, stars
    return None
