"""Power and expected size of a promising zone against rpact's simulation of it.

rpact 3.3.4, R 4: `getSimulationMeans` of a `getDesignInverseNormal` with two looks at 100 and 200
patients, one-sided level .025, standard deviation 1, normal approximation, 100,000 trials, seed
1234. Its `calcSubjectsFunction` was ours in R: the second stage keeps 100 patients unless
conditional power under the estimate is in [.36, .8); then it has as many as bring it to .8, at
least 100 and at most 300. Ours is integrated over the law of Z at the look.
"""

import math

import numpy as np
import pytest
from scipy import stats

from simulator.monitoring.boundaries import planned_looks
from simulator.monitoring.families import read_efficacy
from simulator.monitoring.plan import Plan
from simulator.monitoring.reestimation import Zone, conditional_power, gain_needed, zones

EFFECTS = 0.0, 0.2, 0.3, 0.4
TRIALS = 100_000
RPACT = {  # shares that reject, and mean patients
    "none": ((0.02549, 0.32726, 0.61096, 0.84054), (209.39936, 222.86403, 224.04720, 220.61102)),
    "lan_demets_obrien_fleming": (
        (0.02522, 0.32490, 0.60902, 0.84003),
        (209.22544, 219.93164, 217.14112, 203.79997),
    ),
}


@pytest.mark.parametrize("rule", RPACT)
def test_power_and_patients_of_a_promising_zone_are_those_of_rpact(rule: str) -> None:
    if rule == "none":
        early, final = math.inf, float(stats.norm.isf(0.025))
    else:
        first, last = planned_looks(Plan((0.5, 1.0), read_efficacy(rule), 0.025))
        early, final = first.efficacy_z, last.efficacy_z
    z, step = np.linspace(-9, 12, 42_001, retstep=True)
    t, critical = np.array(0.5), np.array(final)
    planned = np.full(z.shape, 0.5)
    zone = zones(conditional_power(z, t, critical, planned), 0.36, 0.8)
    raised = np.clip(gain_needed(z, t, critical, 0.8), 0.5, 1.5)
    gain = np.where(zone == Zone.PROMISING, raised, planned)
    goes_on = z < early
    for effect, power, patients in zip(EFFECTS, *RPACT[rule], strict=True):
        drift = effect * math.sqrt(200) / 2  # of Z at 200 patients
        law = stats.norm.pdf(z - drift * math.sqrt(0.5)) * step
        # The increment of the second stage, by its own unit variance.
        bound = (final - math.sqrt(0.5) * z) / math.sqrt(0.5)
        later = law * goes_on * stats.norm.sf(bound - drift * np.sqrt(gain))
        found = float(later.sum() + (law * ~goes_on).sum())
        error = math.sqrt(power * (1 - power) / TRIALS)
        assert abs(found - power) <= 4 * error, (effect, found, power)
        size = 100 + 200 * gain * goes_on
        mean = float(law @ size)
        # Patients of rpact's trials vary from 100 to 400.
        spread = math.sqrt(float(law @ (size - mean) ** 2) / TRIALS)
        assert abs(mean - patients) <= 4 * spread, (effect, mean, patients)
