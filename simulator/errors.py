"""What every error that a user can mend derives from, and how a text of theirs is shown."""

import re
from typing import Any


class TrialsimError(Exception):
    """Something asked for cannot be done; the message says what is wrong and how to mend it."""


class LostWorkersError(TrialsimError):
    """Workers were ended by the system again and again, over the same trials."""


class ClusterError(TrialsimError):
    """A cluster cannot be used: where, what is wrong, and the remedy."""

    def __init__(self, where: str, rule: str, remedy: str) -> None:
        self.where, self.rule, self.remedy = where, rule, remedy
        super().__init__(f"{where}: {rule}; {remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how it is made again in another process."""
        return type(self), (self.where, self.rule, self.remedy)


class ConductError(TrialsimError, ValueError):
    """A conduct that a trial cannot have; `key` is the column, with the row in brackets."""

    def __init__(self, key: str, value: object, rule: str, remedy: str) -> None:
        # All four go to the base class: another process rebuilds the exception from them.
        super().__init__(key, value, rule, remedy)
        self.key, self.value, self.rule, self.remedy = key, value, rule, remedy

    def __str__(self) -> str:
        """Say what is wrong and how to mend it."""
        return f"conduct.{self.key} = {self.value}: {self.rule}; {self.remedy}"


class RuleError(TrialsimError, ValueError):
    """A rule of the schema that a scenario breaks.

    `key` is relative to the model that raises it, dotted, with [i] for items of lists.
    """

    def __init__(self, rule: str, remedy: str = "", key: str = "") -> None:
        super().__init__(rule)
        self.rule, self.remedy, self.key = rule, remedy, key


# Control characters, those that turn the direction of writing, those that are not seen, and bytes
# that are no text: they would change what a terminal shows.
UNSHOWN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def shown_safely(text: str) -> str:
    """Return a text with what would change the terminal written out in letters."""
    return UNSHOWN.sub(lambda found: ascii(found[0])[1:-1], text)
