"""Trials as lanes of vectors: what an engine keeps of them, and how lists side by side are sorted."""
