"""The interim of a running trial: what a file of observations says beside its plan."""
