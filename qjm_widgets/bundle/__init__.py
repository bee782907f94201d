"""A bundle: a job set in one file, to keep, to hand on, and to read in again.

It is a zip with

- ``manifest.json``: format and version, the set, its jobs and their history, the list of circuits, and
  the size and SHA-256 of every other member;
- ``circuits/N.qpy`` and ``circuits/N.json``: a span of circuits in QPY, and what QPY does not carry;
- ``outcomes/ROW.bin``: what a finished job gave, as ``JobOutcome.encode`` writes it.

A bundle comes from anywhere. Everything in it is checked before it is believed, nothing is unpickled,
and nothing of it is sent, asked for or imported by itself: what was under way where it was exported is
held here. A checksum finds damage; it does not tell who made the bundle.
"""

from qjm_widgets.bundle.contents import Bundle
from qjm_widgets.bundle.files import read_bundle, write_bundle
from qjm_widgets.bundle.import_bundle import store_bundle

__all__ = ["Bundle", "read_bundle", "store_bundle", "write_bundle"]
