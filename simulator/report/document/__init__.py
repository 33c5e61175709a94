"""The sample-size justification of a grant, from the summaries of runs to Word and HTML."""
