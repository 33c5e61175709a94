"""The Monte Carlo loop: units of work, sums, trial metrics, performance, multiplicity."""
