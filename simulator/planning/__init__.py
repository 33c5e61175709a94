"""Questions that take many runs: the level of a test over a family of nuisance values."""
