"""A bundle: a job set in one file, to archive, to pass on, and to import.

It is a zip with

- ``manifest.json``: format and version, the set, its jobs and their history, the list of circuits, and
  the size and SHA-256 of every other member;
- ``circuits/N.qpy`` and ``circuits/N.json``: a span of circuits in QPY, and what QPY does not carry;
- ``outcomes/ROW.bin``: the outcome of a finished job, as ``encode_outcome`` writes it.

Bundles are untrusted, so everything is checked before it is used. Nothing is unpickled, and no code is
imported automatically. No job is submitted or polled automatically: jobs that were under way at the
export are held. A checksum detects damage; it does not prove who made the bundle.
"""

from qjm_widgets.bundle.contents import Bundle
from qjm_widgets.bundle.files import read_bundle, write_bundle
from qjm_widgets.bundle.import_bundle import store_bundle

__all__ = ["Bundle", "read_bundle", "store_bundle", "write_bundle"]
