"""What the notebook shows; the rest of the package works without it."""
