"""Trials that are alike at a look."""

import numpy as np

from simulator.montecarlo.look_statistics import alike_among


def test_trials_are_alike_by_history_and_information_alone():
    rng = np.random.default_rng(5)
    history, information = rng.integers(0, 4, 500), rng.integers(10, 20, 500) / 45
    informed = rng.random(500) < 0.9
    alike, places = alike_among(history, information, informed)
    pairs = list(zip(history.tolist(), information.tolist(), strict=True))
    seen = [pair for pair, is_informed in zip(pairs, informed, strict=True) if is_informed]
    once = list(dict.fromkeys(seen))
    assert [pairs[k] for k in alike.tolist()] == once
    assert places[informed].tolist() == [once.index(pair) for pair in seen]
    assert (places[~informed] == -1).all()
