"""What is said of a scenario that was held against published figures."""

from collections.abc import Sequence

from simulator.results.acceptance import Acceptance, AcceptanceCheck

_MOST_ROWS = 6  # that a sentence names


def acceptance_in_words(acceptance: Acceptance) -> str:
    """Say in a sentence whether a scenario agrees with what was held out."""
    checks, p_value = acceptance.checks, probability_in_words(acceptance.p_value)
    failing = [check for check in checks if check.fails]
    figures = "published figure held out" if len(checks) == 1 else "published figures held out"
    if not failing:
        if len(checks) == 1:
            return f"The one {figures} lies within its 95 % predictive interval."
        return f"All {len(checks)} {figures} lie within their 95 % predictive intervals."
    lie = "lies outside its 95 % predictive interval"
    if len(failing) > 1:
        lie = "lie outside their 95 % predictive intervals"
    found = f"{len(failing)} of {len(checks)} {figures} {lie} ({rows_in_words(failing)}"
    if acceptance.fails:
        return f"AT ODDS WITH THE EVIDENCE: {found}; together {p_value})."
    return f"{found}; no more than chance would have, together {p_value})."


def acceptance_in_short(acceptance: Acceptance) -> str:
    """Say the same on one line of a screen where the scenario fails."""
    if not acceptance.fails:
        return acceptance_in_words(acceptance)
    failing = [check for check in acceptance.checks if check.fails]
    which = f"{rows_in_words(failing)}; {probability_in_words(acceptance.p_value)}"
    return (
        f"AT ODDS WITH THE EVIDENCE: {len(failing)} of {len(acceptance.checks)} figures held out "
        f"are not as predicted ({which})."
    )


def rows_in_words(checks: Sequence[AcceptanceCheck]) -> str:
    """Name the rows of some checks."""
    rows = [row for check in checks for row in check.rows]
    more = len(rows) - _MOST_ROWS
    return ", ".join(rows[:_MOST_ROWS]) + (f" and {more} more" if more > 0 else "")


def probability_in_words(p_value: float) -> str:
    """Return a p value as `P = 0.044`."""
    return "P < 0.001" if p_value < 0.001 else f"P = {p_value:.2g}"
