"""Qiskit's own interfaces (a backend, a sampler, an estimator) whose runs are job sets of a manager."""
