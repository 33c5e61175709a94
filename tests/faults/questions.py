"""The questions that are disturbed: every command whose answer is made of units of work."""

QUESTIONS: dict[str, tuple[str, ...]] = {
    "power": ("power", "nct05484908", "-n", "8000"),
    "power, conditional": ("power", "nct05484908", "-n", "3200", "--estimator", "conditional"),
    "power, by trial": ("power", "nct05484908", "-n", "4000", "--by-trial"),
    "power, precision": ("power", "nct05484908", "--precision", "0.004"),
    "power, reference": ("power", "two-arm-survival", "-n", "300", "--engine", "reference"),
    "sweep": ("sweep", "nct05484908", "--vary", "n=40,60,80", "-n", "1600"),
    "size": ("size", "two-arm-survival", "--within", "10"),
    "certify": ("power", "two-arm-survival", "--certify", "-n", "20000"),
    "compare": ("compare", "nct05484908", "nct05484908-scarce", "-n", "2400"),
    "allocation": (
        *("allocation", "nct05484908-strata", "--trials", "1600"),
        *("--schemes", "complete,random_blocks(4,6)"),
    ),
    "assurance": ("assurance", "nct05484908", "--draws", "20", "-n", "100"),
    "levers": ("levers", "nct05484908", "-n", "100"),
}
POWER = QUESTIONS["power"]
SMALL = ("power", "two-arm-survival", "-n", "2000")
