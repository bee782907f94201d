"""Counts for histograms: selections, sums, expected distributions, figures."""
