"""From what is known or wished of a trial to the parameters that bring it about."""
