"""Renderers of answers: text, figures, documents. They compute nothing and decide nothing."""
