"""Questions of one run or many: power, sweeps, sizes, certificates, comparisons of schemes."""
