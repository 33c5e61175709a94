"""Sessions and the unit that gives them, against closed forms and slow versions."""

import math

import numpy as np
import pytest
from scipy import stats

from simulator.params.treatment import poisson_tables
from simulator.rules import sessions
from simulator.scenario.treatment import Background

EPSILON = np.finfo(float).eps


@pytest.mark.parametrize(("hours", "log_sd"), [(2.0, 0.15), (4.2, 0.6), (2.0, 0.0)])
def test_session_lengths_are_lognormal_about_their_mean(hours, log_sd):
    z = np.linspace(-10, 10, 20_001)
    length = np.array([sessions.session_days(hours, log_sd, x) for x in z])
    weight = stats.norm.pdf(z) * (z[1] - z[0])
    # Trapezoidal rule of an analytic integrand: its error and the tails beyond 10 are below 1e-15.
    assert (weight * length).sum() * 24 == pytest.approx(hours, rel=1e-12)
    assert np.diff(np.log(length)) == pytest.approx(log_sd * np.diff(z), abs=1e-12)


@pytest.mark.parametrize("mean", [0.0, 0.3, 8.0, 500.0])
def test_background_sessions_are_poisson(mean):
    background = Background(
        sessions_per_day=mean, hours_per_session=2.5, plasma_litres_per_session=1.0, served="before"
    )
    (table,) = poisson_tables([background])
    u = np.concatenate([[2.0**-33], (np.arange(2000) + 0.5) / 2000, [1 - 2.0**-33]])
    found = [sessions.background_sessions(x, table) for x in u]
    assert found == stats.poisson(mean).ppf(u).astype(int).tolist()
    several = np.empty(u.size)
    for part in (u, u[:64], u[:1]):
        sessions.background_demand(part, table, several[: part.size])
        assert several[: part.size].tolist() == found[: part.size]


def test_a_delivery_is_never_negative_and_never_overfills_the_stock():
    assert sessions.delivery_litres(14.0, 5.0, -3.0) == 0.0
    assert sessions.delivery_litres(14.0, 5.0, 1.0) == 19.0
    assert sessions.taken_in(35.0, 19.0, 40.0) == 5.0
    assert sessions.taken_in(35.0, 2.0, 40.0) == 2.0
    assert sessions.taken_in(40.0, 2.0, 40.0) == 0.0


def test_a_session_fits_if_its_expected_end_is_at_closing_or_before():
    closing = sessions.at_hour(3, 20.0)
    assert sessions.fits(sessions.at_hour(3, 18.0), 2.0, closing)
    assert not sessions.fits(sessions.at_hour(3, 18.001), 2.0, closing)


def test_a_session_is_late_only_after_more_than_a_day():
    assert not sessions.is_late(5.25, 6.25)
    assert sessions.is_late(5.25, np.nextafter(6.25, 7.0))


def test_a_session_cut_short_ends_as_much_earlier():
    assert sessions.session_end(10.0, 0.25, 1.0) == 10.25
    assert sessions.session_end(10.0, 0.25, 0.5) == 10.125


def test_background_hours_are_spread_evenly_and_end_by_closing():
    free_at = np.array([0.0, 5.4, 5.7, 6.2])
    share = sessions.background_share(8, 3.0, 4)
    assert share == pytest.approx(0.25)
    worked = sessions.occupy_machines(free_at, 5.3, share, 5.8)
    # free since long; free soon; cut off at closing; free only after closing
    assert free_at == pytest.approx([5.55, 5.65, 5.8, 6.2])
    assert worked == pytest.approx(0.25 + 0.25 + 0.1)


def test_the_first_free_machine_is_taken_and_the_next_one_is_foreseen():
    free_at = np.array([7.5, 7.0, 6.0])
    assert sessions.first_free(free_at, 7.0) == 1
    assert sessions.first_free(free_at, 5.0) == -1
    assert sessions.next_free(free_at, 7.0) == 7.5
    assert sessions.next_free(free_at, 8.0) == math.inf
