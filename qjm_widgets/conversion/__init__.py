"""Qiskit's result types as compact outcomes, and back."""
