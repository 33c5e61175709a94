"""Trials as lanes of vectors: what an engine keeps of them, and how lists are sorted."""
