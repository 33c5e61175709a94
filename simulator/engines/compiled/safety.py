"""Patients whose liver certainly lets them live, whose days need not be worked out (section 7).

What multiplies a patient's baseline hazard on a day has a ceiling. Native labs go one way, so that
MELD is at most that of each lab's larger value at the two ends of a window of days, and the hazard
does not fall with it. Sessions earn at most a full course of the most harmful modality, a direct
effect wanes, an infection and a serious event count once. The sum over windows of ceiling times
baseline hazard is therefore no less than the cumulative hazard at the end of follow-up, whatever
becomes of the patient; below the threshold of the patient's death, nothing kills them. Each step
of the arithmetic is monotone but `exp`, which is within 1 ulp, and sums of positive numbers, whose
relative error is below their number of epsilons: far within the margin.
"""

import math

from simulator.engines.compiled.kernel import kernel
from simulator.engines.compiled.state import People, Run
from simulator.engines.compiled.tables import Tables
from simulator.rules import hazard as rule
from simulator.rules import labs as lab_rule

_MARGIN = 1.0 + 1e-9


@kernel
def mark_safe(t: Tables, run: Run, people: People) -> None:
    """Mark the patients whose cumulative hazard stays below their threshold on any course."""
    d, first, last, rise = t.disease[0], t.baseline.first, t.baseline.last, t.baseline.rise
    coefficient, reference, bounded = d.meld_coefficient, d.meld_reference, d.meld_bounded
    b_normal, b_ceiling = d.normal_bilirubin, d.ceiling_bilirubin
    i_normal, i_ceiling = d.normal_inr, d.ceiling_inr
    c_normal, c_ceiling = d.normal_creatinine, d.ceiling_creatinine
    for p in range(run.patients):
        one, ceiling = people.patient[p], people.factor[p, : rise.size]
        infected = max(d.infection_log_ratio, 0.0) if one.infection < math.inf else 0.0
        constant, effect = one.constant, d.largest_effect
        b, b_slope = one.log_bilirubin, one.slope_bilirubin
        i, i_slope = one.log_inr, one.slope_inr
        c, c_slope = one.log_creatinine, one.slope_creatinine
        b_day = last if b_slope > 0.0 else first
        i_day = last if i_slope > 0.0 else first
        c_day = last if c_slope > 0.0 else first
        for w in range(rise.size):
            meld = lab_rule.meld_of(
                lab_rule.native(b, b_slope, b_day[w], b_normal, b_ceiling),
                lab_rule.native(i, i_slope, i_day[w], i_normal, i_ceiling),
                lab_rule.native(c, c_slope, c_day[w], c_normal, c_ceiling),
                bounded,
            )
            factor = rule.hazard_multiplier(
                constant, coefficient, meld, reference, effect, infected
            )
            ceiling[w] = factor * rise[w]
        most = 0.0
        for w in range(rise.size):
            most += ceiling[w]
        one.is_safe = most * _MARGIN < one.threshold
