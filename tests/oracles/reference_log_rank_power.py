"""Power of the log-rank test in the bare trial, from NumPy alone: nothing of the program is used.

30 v 30 patients, exponential death with a mortality of .60 v .40 by day 84, 5 % lost by day 84,
everybody followed for 84 days. The test is Mantel's (1966): deaths of the second arm less those
expected, by the variance of a hypergeometric law at each death.

`python tests/oracles/reference_log_rank_power.py` prints the power in 4,000,000 trials, which is
the `LOG_RANK_POWER` below.
"""

import math

import numpy as np

PATIENTS, FOLLOW_UP_DAYS = 60, 84
LOG_RANK_POWER = 0.3490
CRITICAL = 1.959963984540054**2  # of chi-square on one degree of freedom, 5 %


def log_rank_rejects(trials: int, seed: int) -> np.ndarray:
    """Return of each of so many trials whether the two-sided test at 5 % rejects."""
    rng = np.random.default_rng(seed)
    arm = np.tile(np.arange(PATIENTS) % 2, (trials, 1))
    death_rate = -np.log(np.array([0.40, 0.60])) / FOLLOW_UP_DAYS
    death = rng.exponential(size=arm.shape) / death_rate[arm]
    loss = rng.exponential(-FOLLOW_UP_DAYS / math.log(0.95), arm.shape)
    time = np.minimum(np.minimum(death, loss), FOLLOW_UP_DAYS)
    order = np.argsort(time, axis=1)
    second = np.take_along_axis(arm, order, axis=1)
    died = np.take_along_axis(death == time, order, axis=1)
    at_risk = np.arange(PATIENTS, 0, -1)
    share = np.cumsum(second[:, ::-1], axis=1)[:, ::-1] / at_risk  # of the second arm, at risk
    excess = ((second - share) * died).sum(axis=1)
    variance = (share * (1 - share) * died).sum(axis=1)
    return excess**2 > CRITICAL * variance


if __name__ == "__main__":
    blocks = [log_rank_rejects(100_000, seed).mean() for seed in range(40)]
    error = np.std(blocks, ddof=1) / math.sqrt(len(blocks))
    print(f"{np.mean(blocks):.5f} +- {error:.5f}")
