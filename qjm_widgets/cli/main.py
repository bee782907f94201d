"""The commands of ``qjm``."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from qjm_widgets._printable import printable
from qjm_widgets.cli import exit_codes, formatting
from qjm_widgets.cli.find_set import find_set
from qjm_widgets.cli.parser import backend_of, options_of, parser
from qjm_widgets.cli.watch import watch
from qjm_widgets.core.formatting import STATUS_NAMES, plural, status_text
from qjm_widgets.core.records import Status
from qjm_widgets.errors import (
    DrivenElsewhereError,
    InputError,
    InvalidStateError,
    QJMError,
    StoreError,
    WaitTimeoutError,
)
from qjm_widgets.job_set import JobSet
from qjm_widgets.manager import JobManager

_CANCELLING = 60.0
"""Seconds that a backend has to answer a cancellation, where nobody says."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: by default those of the process.

    Returns:
        The exit code; ``qjm_widgets.cli`` lists them.
    """
    chosen = parser().parse_args(arguments)
    try:
        with _manager(chosen) as manager:
            return _COMMANDS[chosen.command](manager, chosen)
    except QJMError as error:
        return _tell(error, chosen.json)
    except KeyboardInterrupt:
        print("interrupted; what was sent goes on", file=sys.stderr)
        return exit_codes.INTERRUPTED
    except BrokenPipeError:  # whoever reads, such as head, has enough
        sys.stdout = None
        return exit_codes.DONE


@contextlib.contextmanager
def _manager(chosen: argparse.Namespace) -> Iterator[JobManager]:
    """The manager of this command; leaving it waits for nothing."""
    path = chosen.store
    if path is not None and chosen.command != "load" and not Path(path).expanduser().exists():
        raise StoreError(f"there is no store {path}")
    manager = JobManager(path)
    try:
        yield manager
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the last line tells how many were not sent
            manager.close()


def _tell(error: QJMError, as_json: bool) -> int:
    code = exit_codes.code_of(error)
    if as_json:
        tree = {"error": type(error).__name__, "message": str(error), "exit_code": code}
        print(formatting.line_of(tree), file=sys.stderr)
    else:
        print(f"qjm: {printable(str(error))}", file=sys.stderr)
    return code


# -- what is known -----------------------------------------------------------------------------------


def _list(manager: JobManager, chosen: argparse.Namespace) -> int:
    found = manager.history(chosen.name, chosen.limit)
    if chosen.json:
        print(formatting.dump([formatting.summary_tree(summary) for summary in found]))
    else:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        print(printable(formatting.list_text(found, columns)))
    return exit_codes.DONE


def _show(manager: JobManager, chosen: argparse.Namespace) -> int:
    job_set = _retrieve(manager, chosen)
    counts = job_set.counts() if chosen.counts else None
    if chosen.json:
        tree = {**formatting.set_tree(job_set), "job_list": formatting.jobs_tree(job_set)}
        print(formatting.dump(tree if counts is None else {**tree, "counts": counts}))
        return exit_codes.DONE
    print(formatting.show_text(job_set))
    if counts is not None:
        print("\n" + formatting.counts_text(counts))
    return exit_codes.DONE


def _watch(manager: JobManager, chosen: argparse.Namespace) -> int:
    job_set = _retrieve(manager, chosen)
    watch(job_set, timeout=chosen.timeout, as_json=chosen.json)
    return _ending(job_set)


# -- what is done ------------------------------------------------------------------------------------


def _cancel(manager: JobManager, chosen: argparse.Namespace) -> int:
    job_set = _retrieve(manager, chosen)
    rows = _rows(job_set, chosen.jobs)
    rows = [row for row in rows if not job_set._state.jobs[row].status.final]
    if not rows:
        return _say(chosen, {"cancelled": 0}, "nothing to cancel: those jobs have ended")
    _drive(job_set, chosen, paused=True)
    job_set.cancel(rows)
    limit = _CANCELLING if chosen.timeout is None else chosen.timeout
    deadline = time.monotonic() + limit
    state = job_set._state
    with state.changed:
        over = state.changed.wait_for(
            lambda: all(state.jobs[row].status.final for row in rows),
            max(0.0, deadline - time.monotonic()),
        )
    if not over:
        raise WaitTimeoutError(f"asked for, but not confirmed within {limit:g} s: look again later")
    ended = sum(state.jobs[row].status is Status.CANCELLED for row in rows)
    late = f"; {len(rows) - ended} ended first" if ended < len(rows) else ""
    tree = {"cancelled": ended, "asked_for": len(rows)}
    return _say(chosen, tree, f"{plural(ended, 'job')} {status_text(Status.CANCELLED)}{late}")


def _retry(manager: JobManager, chosen: argparse.Namespace) -> int:
    job_set = _retrieve(manager, chosen)
    rows = _rows(job_set, chosen.jobs)
    wanted = Status.HELD if chosen.held else Status.ERROR
    jobs = [job_set._state.jobs[row] for row in rows]
    if not any(job.status is wanted or (job.flawed and not chosen.held) for job in jobs):
        text = f"nothing to retry: none of these jobs has the status {STATUS_NAMES[wanted]}"
        return _say(chosen, {"retried": 0}, text)
    _drive(job_set, chosen, paused=False)
    again = job_set.retry(rows, held=chosen.held)
    if not chosen.json:
        print(f"sending {plural(again, 'job')} again")
    watch(job_set, timeout=chosen.timeout, as_json=chosen.json)
    return _ending(job_set)


def _resume(manager: JobManager, chosen: argparse.Namespace) -> int:
    job_set = _retrieve(manager, chosen)
    if job_set._state.interrupted or job_set._state.owner is not None:
        _drive(job_set, chosen, paused=False)
    watch(job_set, timeout=chosen.timeout, as_json=chosen.json)
    return _ending(job_set)


def _export(manager: JobManager, chosen: argparse.Namespace) -> int:
    set_id = find_set(manager.history(), chosen.set)
    manager.export(set_id, chosen.file)
    return _say(chosen, {"id": set_id, "file": chosen.file}, f"{set_id} is in {chosen.file}")


def _load(manager: JobManager, chosen: argparse.Namespace) -> int:
    job_set = manager.load(chosen.file)
    return _say(chosen, formatting.set_tree(job_set), f"{job_set.job_set_id()} is in the store")


_COMMANDS: Mapping[str, Callable[[JobManager, argparse.Namespace], int]] = {
    "list": _list,
    "show": _show,
    "watch": _watch,
    "cancel": _cancel,
    "retry": _retry,
    "resume": _resume,
    "export": _export,
    "load": _load,
}


# -- together ----------------------------------------------------------------------------------------


def _retrieve(manager: JobManager, chosen: argparse.Namespace) -> JobSet:
    return manager.retrieve_job_set(find_set(manager.history(), chosen.set))


def _rows(job_set: JobSet, jobs: Sequence[int]) -> list[int]:
    most = len(job_set._state.jobs)
    for job in jobs:
        if not 0 <= job < most:
            raise InputError(f"no job {job}: the set has jobs 0 to {most - 1}")
    return list(jobs) or list(range(most))


def _drive(job_set: JobSet, chosen: argparse.Namespace, *, paused: bool) -> None:
    """Drive the set in this process, unless a kernel does."""
    owner = job_set._state.owner
    if owner is not None:
        raise DrivenElsewhereError(f"{owner} drives this job set: act there, or end it first")
    backend, options = backend_of(chosen.backend), options_of(chosen.option)
    try:
        job_set.resume(backend, paused=paused, **options)
    except InputError as error:
        if backend is None and not job_set._state.record.unstored_options:
            raise InvalidStateError(
                f"nobody drives this job set, and its backend, {job_set._state.record.backend}, is not "
                "known here: give --backend module:factory"
            ) from error
        raise


def _ending(job_set: JobSet) -> int:
    """How a set that was watched stands."""
    state = job_set._state
    if state.interrupted:
        raise InvalidStateError("nobody drives this job set: qjm resume does")
    whole = state.finished == len(state.jobs) and not state.totals.flawed
    return exit_codes.DONE if whole else exit_codes.NOT_ALL_DONE


def _say(chosen: argparse.Namespace, tree: object, text: str) -> int:
    print(formatting.dump(tree) if chosen.json else printable(text))
    return exit_codes.DONE
