"""Write circuits, their metadata and results as bytes and text, and read them; nothing is pickled."""
