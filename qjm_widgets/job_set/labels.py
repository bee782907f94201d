"""Check and change the name and the tags of a set, here and on the provider's jobs."""

from __future__ import annotations

from collections.abc import Sequence

from qjm_widgets.core.adapter_port import RemoteAdapter
from qjm_widgets.core.job_tags import identity_of
from qjm_widgets.core.validation import check_tags
from qjm_widgets.errors import InputError, ProviderError, explain
from qjm_widgets.state.job_set_state import JobSetState


def updated_tags(
    current: Sequence[str],
    replacement: Sequence[str] | None,
    additional: Sequence[str] | None,
    removal: Sequence[str] | None,
) -> tuple[str, ...]:
    """Return the tags after a change, without repetitions.

    Raises:
        InputError: no change was given, a replacement was given with other changes, or a tag is not a
            string.
    """
    if replacement is None and additional is None and removal is None:
        raise InputError("give replacement_tags, additional_tags or removal_tags")
    if replacement is not None:
        if additional is not None or removal is not None:
            raise InputError(
                "replacement_tags replaces all tags: give it without additional_tags and removal_tags"
            )
        tags = check_tags(replacement)
    else:
        removed = set(check_tags(removal or ()))
        tags = tuple(tag for tag in (*current, *check_tags(additional or ())) if tag not in removed)
    return tuple(dict.fromkeys(tags))


def check_labels(state: JobSetState, name: str, tags: Sequence[str]) -> None:
    """Refuse a name or tags that the provider would refuse.

    Raises:
        InputError: the provider would refuse them.
    """
    if isinstance(state.adapter, RemoteAdapter):
        state.adapter.check_labels(name, tags)


def relabel_jobs(state: JobSetState, changed: str) -> None:
    """Write the name and the tags of a set to the provider's jobs, if the provider keeps tags.

    Args:
        state: the set.
        changed: ``"name"`` or ``"tags"``, for the message.

    Raises:
        ProviderError: some jobs at the provider were not changed.
    """
    record, adapter = state.record, state.adapter
    if not isinstance(adapter, RemoteAdapter):
        return
    jobs = [(job.job_id, identity_of(record, job)) for job in state.jobs if job.job_id]
    failed = adapter.relabel(jobs, record.name, record.tags)
    if failed:
        job_id, error = next(iter(failed.items()))
        raise ProviderError(
            f"the {changed} changed here, but not on {len(failed)} of {len(jobs)} jobs at the provider "
            f"({job_id}: {explain(error)}): call it again"
        )
