"""When a look can stop by the predictive probability of the final analysis."""

from collections.abc import Iterator

from simulator.declarations.analyses import MOST_PATIENTS
from simulator.declarations.analyses import Analysis as Declared
from simulator.scenario.analyses import Analysis
from simulator.scenario.errors import RuleError
from simulator.scenario.monitored_family_rules import planned_information
from simulator.scenario.monitoring import Monitoring
from simulator.scenario.schema import Scenario

WORD = "predictive_probability"
_MOST_PATIENTS = 2_000  # of a test that sets no limit: its tables have as many cells squared
_KEY = "monitoring.futility"


def predictive_rules(
    asked: Monitoring, analysis: Analysis, declared: Declared, scenario: Scenario
) -> Iterator[RuleError]:
    """Yield every rule that predictive probability breaks, and priors given without it."""
    futility = asked.futility
    if futility is None:
        return
    if futility.rule.split("(")[0].strip() != WORD:
        for key in ("prior_control", "prior_experimental"):
            if getattr(futility, key) is not None:
                rule = f"is of {WORD} alone"
                yield RuleError(rule, f"leave it out, or use {WORD}(0.05)", f"{_KEY}.{key}")
        return
    if not declared.table:
        rule = f"{WORD} enumerates the deaths of each arm at the end, and {analysis.test} is no "
        rule += "test of these"
        remedy = "use conditional_power(0.1,estimate), or monitor fisher or boschloo"
        yield RuleError(rule, remedy, f"{_KEY}.rule")
        return
    most = MOST_PATIENTS.get(analysis.test, _MOST_PATIENTS)
    patients = planned_information(scenario)
    if patients > most:
        rule = f"{WORD} enumerates tables of at most {most:,} patients with {analysis.test}, not "
        rule += f"{patients:,.0f}"
        yield RuleError(rule, "use conditional_power(0.1,estimate)", f"{_KEY}.rule")
