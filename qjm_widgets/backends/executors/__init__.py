"""Simulators on the workers of an executor: threads, processes, Dask, ipyparallel."""
