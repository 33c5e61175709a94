"""What is wrong with a scenario, and how it is said."""


class RuleError(ValueError):
    """A rule of the schema that a scenario breaks.

    `key` is relative to the model that raises it, dotted, with [i] for items of lists.
    """

    def __init__(self, rule: str, remedy: str = "", key: str = "") -> None:
        super().__init__(rule)
        self.rule, self.remedy, self.key = rule, remedy, key
