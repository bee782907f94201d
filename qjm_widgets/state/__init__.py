"""The state of job sets in this process: the engine writes it, everything else reads it."""
