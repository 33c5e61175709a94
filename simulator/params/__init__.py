"""From a scenario in words to the numbers that an engine works with."""
