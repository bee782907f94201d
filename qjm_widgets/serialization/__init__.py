"""Circuits and what users attach to them, as bytes and text and back; nothing is pickled."""
