"""IBM Quantum: the adapter, its REST client, batches, and local mode."""
