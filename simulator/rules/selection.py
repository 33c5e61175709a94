"""An investigator who guesses the next arm and chooses patients for it (model page, section 4)."""

from simulator.rules.kernel import inlined

NOBODY, TURNS_AWAY, DEFERS, SHIFTS = range(4)
NO_GUESS = -1


@inlined
def guess(first: int, second: int, ratio_first: float, ratio_second: float) -> int:
    """Guess the arm that is behind the ratio, none in balance (Blackwell and Hodges 1957)."""
    ahead = first * ratio_second - second * ratio_first
    if ahead == 0.0:
        return NO_GUESS
    return 0 if ahead < 0.0 else 1


@inlined
def suits(guessed: int, favoured: int, value: float, poor_above: float) -> bool:
    """Whether the investigator wants this candidate next.

    One with a good prognosis for the favoured arm, with a poor one for the other; without a guess,
    anybody.
    """
    return guessed == NO_GUESS or (guessed == favoured) == (value <= poor_above)


@inlined
def shift(guessed: int, favoured: int, log_hazard_ratio: float) -> float:
    """Log of what the hazard of a patient chosen for the guessed arm is multiplied by."""
    if guessed == NO_GUESS:
        return 0.0
    return log_hazard_ratio if guessed == favoured else -log_hazard_ratio
