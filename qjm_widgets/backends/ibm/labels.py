"""The tags of a job on IBM Quantum: their number and length, and which are the user's."""

from __future__ import annotations

from collections.abc import Sequence

from qjm_widgets.core.job_tags import NAME, OURS, OWN_TAGS
from qjm_widgets.errors import InputError

#: The most tags of a job.
TAGS = 8
#: The most characters of a tag.
TAG_LENGTH = 86


def check_tags(tags: Sequence[str]) -> None:
    """Refuse too many tags of the user, tags that are too long, and tags like this package's own.

    Raises:
        InputError: the tags are refused; the message names the rule and, if one tag breaks it, the tag.
    """
    if len(tags) > TAGS - OWN_TAGS:
        raise InputError(
            f"{len(tags)} tags are too many: of the {TAGS} that a job on IBM Quantum can have, "
            f"{TAGS - OWN_TAGS} are yours"
        )
    for tag in tags:
        if not 0 < len(tag) <= TAG_LENGTH:
            raise InputError(f"a tag on IBM Quantum has 1 to {TAG_LENGTH} characters, unlike {tag!r}")
        if tag == OURS or tag.startswith((f"{OURS}:", NAME)):
            raise InputError(f"a tag that begins as {tag[:12]!r} would be taken for one of ours")
