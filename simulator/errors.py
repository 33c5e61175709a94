"""What every error that a user can mend derives from."""


class TrialsimError(Exception):
    """Something asked for cannot be done; the message says what is wrong and how to mend it."""
