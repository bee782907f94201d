"""Counts as they are drawn: which circuits and bits, what they sum to, what was expected; the figure."""
