"""What a job set looks like in this process: the engine writes it, everything else reads it."""
