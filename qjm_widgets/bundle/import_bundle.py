"""Import a bundle into a store: completely or not at all, and only once."""

from __future__ import annotations

import hashlib
import itertools
import threading
from dataclasses import replace

from qjm_widgets.bundle.contents import Bundle, as_loaded, collect
from qjm_widgets.bundle.manifest_writer import checksum
from qjm_widgets.core.store_port import Changes, JobStore
from qjm_widgets.errors import JobSetNotFoundError

_one_at_a_time = threading.Lock()


def store_bundle(store: JobStore, bundle: Bundle) -> str:
    """Store the set of a bundle that was read, and return the id of the stored set.

    If the store already has the set with an equal checksum, nothing changes. The store may have a set of
    the same id with another checksum, for example a later state of the same set. Then the imported set
    gets a new id, which is derived from its id and its checksum. So importing a bundle twice stores one
    set.

    Raises:
        StoreError: the set could not be stored; the store is unchanged.
    """
    loaded = as_loaded(bundle)
    digest = checksum(bundle)
    equal = {digest, checksum(loaded)}
    with _one_at_a_time:
        for copy in itertools.count():
            set_id = _id(bundle.record.set_id, digest, copy)
            known = _known(store, set_id)
            if known is None:
                changes = Changes(list(loaded.jobs), list(loaded.history), dict(loaded.outcomes))
                store.add_set(replace(loaded.record, set_id=set_id), changes, loaded.blocks)
                return set_id
            if checksum(known) in equal:
                return set_id
        raise AssertionError


def _id(set_id: str, digest: str, copy: int) -> str:
    if copy == 0:
        return set_id
    return hashlib.sha256(f"{set_id} {digest} {copy}".encode()).hexdigest()[:32]


def _known(store: JobStore, set_id: str) -> Bundle | None:
    try:
        return collect(store, set_id)
    except JobSetNotFoundError:
        return None
