"""Numbers that several rooms share: units of time, the normal quantile, reserved trial indices."""

HOURS_PER_DAY = 24.0
"""Scenarios give the lengths of sessions and the hours of opening in hours; all else is in days."""

DAYS_PER_WEEK = 7
"""Day 0 of a week is Monday, as in `datetime`."""

DAYS_PER_MONTH = 365.25 / 12
"""Mean length of a month, 30.4375 days, for rates per month and for axes in months."""

NORMAL_QUANTILE_975 = 1.959963984540054
"""Standard normal quantile of .975: half the width of a 95 % interval in standard errors."""

LARGEST_SEED = 2**63 - 1
"""Largest seed of a run."""

LARGEST_TRIAL = 2**31 - 1
"""Largest trial index of a run; those above are reserved for work beside it."""

FIRST_CALIBRATION_TRIAL = 1 << 31
"""First trial index of the runs that solve mortality targets."""

FIRST_AUXILIARY_TRIAL = 3 << 30
"""First trial index of pilots and of true values: no run and no solving of targets reaches it."""
