"""Engines: (Params, seed, first trial, number of trials) -> TrialRecords."""
