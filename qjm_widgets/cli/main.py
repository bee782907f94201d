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
from qjm_widgets.core.set_groups import folded
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

#: Seconds to wait for the backend to confirm a cancellation, without --timeout.
_CANCEL_TIMEOUT = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: the words after ``qjm``; None for those of this process.

    Returns:
        The exit code; ``qjm_widgets.cli`` lists them.
    """
    parsed = parser().parse_args(arguments)
    try:
        with _manager(parsed) as manager:
            return _COMMANDS[parsed.command](manager, parsed)
    except QJMError as error:
        return _report_error(error, parsed.json)
    except KeyboardInterrupt:
        print("interrupted; jobs that were sent continue", file=sys.stderr)
        return exit_codes.INTERRUPTED
    except BrokenPipeError:  # the reader, such as head, has ended
        sys.stdout = None
        return exit_codes.DONE


@contextlib.contextmanager
def _manager(arguments: argparse.Namespace) -> Iterator[JobManager]:
    """Yield the manager of this command, then close it without a warning or a wait for jobs."""
    path = arguments.store
    if path is not None and arguments.command != "load" and not Path(path).expanduser().exists():
        raise StoreError(f"there is no store {path}")
    manager = JobManager(path)
    try:
        yield manager
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of unsent jobs, which the command's own output counts
            manager.close()


def _report_error(error: QJMError, as_json: bool) -> int:
    code = exit_codes.code_of(error)
    if as_json:
        tree = {"error": type(error).__name__, "message": str(error), "exit_code": code}
        print(formatting.line_of(tree), file=sys.stderr)
    else:
        print(f"qjm: {printable(str(error))}", file=sys.stderr)
    return code


# -- queries ------------------------------------------------------------------------------------


def _list(manager: JobManager, arguments: argparse.Namespace) -> int:
    folds = not (arguments.json or arguments.all or arguments.group is not None)
    # The limit counts lines, and a group is one line of any number of sets.
    limit = None if folds else arguments.limit
    found = manager.history(arguments.name, limit, group=arguments.group)
    if arguments.json:
        print(formatting.dump([formatting.summary_tree(summary) for summary in found]))
    else:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        lines = folded(found)[: arguments.limit] if folds else found
        print(printable(formatting.list_text(lines, columns)))
    return exit_codes.DONE


def _show(manager: JobManager, arguments: argparse.Namespace) -> int:
    job_set = _retrieve(manager, arguments)
    counts = job_set.counts() if arguments.counts else None
    if arguments.json:
        tree = {**formatting.set_tree(job_set), "job_list": formatting.jobs_tree(job_set)}
        print(formatting.dump(tree if counts is None else {**tree, "counts": counts}))
        return exit_codes.DONE
    print(formatting.show_text(job_set))
    if counts is not None:
        print("\n" + formatting.counts_text(counts))
    return exit_codes.DONE


def _watch(manager: JobManager, arguments: argparse.Namespace) -> int:
    job_set = _retrieve(manager, arguments)
    watch(job_set, timeout=arguments.timeout, as_json=arguments.json)
    return _exit_code(job_set)


# -- actions ------------------------------------------------------------------------------------


def _cancel(manager: JobManager, arguments: argparse.Namespace) -> int:
    job_set = _retrieve(manager, arguments)
    rows = _rows(job_set, arguments.jobs)
    rows = [row for row in rows if not job_set._state.jobs[row].status.final]
    if not rows:
        return _print_result(arguments, {"cancelled": 0}, "nothing to cancel: those jobs have ended")
    _drive_here(job_set, arguments, paused=True)
    job_set.cancel(rows)
    limit = _CANCEL_TIMEOUT if arguments.timeout is None else arguments.timeout
    deadline = time.monotonic() + limit
    state = job_set._state
    with state.changed:
        ended_in_time = state.changed.wait_for(
            lambda: all(state.jobs[row].status.final for row in rows),
            max(0.0, deadline - time.monotonic()),
        )
    if not ended_in_time:
        raise WaitTimeoutError(f"the cancellation was requested, but not confirmed within {limit:g} s")
    ended = sum(state.jobs[row].status is Status.CANCELLED for row in rows)
    late = f"; {len(rows) - ended} ended first" if ended < len(rows) else ""
    tree = {"cancelled": ended, "asked_for": len(rows)}
    return _print_result(
        arguments, tree, f"{plural(ended, 'job')} {status_text(Status.CANCELLED)}{late}"
    )


def _retry(manager: JobManager, arguments: argparse.Namespace) -> int:
    job_set = _retrieve(manager, arguments)
    rows = _rows(job_set, arguments.jobs)
    wanted = Status.HELD if arguments.held else Status.ERROR
    jobs = [job_set._state.jobs[row] for row in rows]
    if not any(job.status is wanted or (job.flawed and not arguments.held) for job in jobs):
        text = f"nothing to retry: none of these jobs has the status {STATUS_NAMES[wanted]}"
        return _print_result(arguments, {"retried": 0}, text)
    _drive_here(job_set, arguments, paused=False)
    again = job_set.retry(rows, held=arguments.held)
    if not arguments.json:
        print(f"sending {plural(again, 'job')} again")
    watch(job_set, timeout=arguments.timeout, as_json=arguments.json)
    return _exit_code(job_set)


def _resume(manager: JobManager, arguments: argparse.Namespace) -> int:
    job_set = _retrieve(manager, arguments)
    if job_set._state.interrupted or job_set._state.owner is not None:
        _drive_here(job_set, arguments, paused=False)
    watch(job_set, timeout=arguments.timeout, as_json=arguments.json)
    return _exit_code(job_set)


def _export(manager: JobManager, arguments: argparse.Namespace) -> int:
    set_id = find_set(manager.history(), arguments.set)
    manager.export(set_id, arguments.file)
    return _print_result(
        arguments, {"id": set_id, "file": arguments.file}, f"{set_id} is in {arguments.file}"
    )


def _load(manager: JobManager, arguments: argparse.Namespace) -> int:
    job_set = manager.load(arguments.file)
    return _print_result(
        arguments, formatting.set_tree(job_set), f"{job_set.job_set_id()} is in the store"
    )


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


# -- helpers -----------------------------------------------------------------------------------------


def _retrieve(manager: JobManager, arguments: argparse.Namespace) -> JobSet:
    return manager.retrieve_job_set(find_set(manager.history(), arguments.set))


def _rows(job_set: JobSet, jobs: Sequence[int]) -> list[int]:
    most = len(job_set._state.jobs)
    for job in jobs:
        if not 0 <= job < most:
            raise InputError(f"no job {job}: the set has jobs 0 to {most - 1}")
    return list(jobs) or list(range(most))


def _drive_here(job_set: JobSet, arguments: argparse.Namespace, *, paused: bool) -> None:
    """Drive the set in this process.

    Raises:
        DrivenElsewhereError: a kernel drives the set.
        InvalidStateError: the backend is not known here, and ``--backend`` was not given.
        InputError: the backend or an option is wrong.
    """
    owner = job_set._state.owner
    if owner is not None:
        raise DrivenElsewhereError(f"{owner} drives this job set: use that kernel, or end it first")
    backend, options = backend_of(arguments.backend), options_of(arguments.option)
    try:
        job_set.resume(backend, paused=paused, **options)
    except InputError as error:
        if backend is None and not job_set._state.record.unstored_options:
            raise InvalidStateError(
                f"nobody drives this job set, and its backend, {job_set._state.record.backend}, is not "
                "known here: give --backend module:factory"
            ) from error
        raise


def _exit_code(job_set: JobSet) -> int:
    """Return the exit code for a set that was watched.

    Raises:
        InvalidStateError: nobody drives the set.
    """
    state = job_set._state
    if state.interrupted:
        raise InvalidStateError("nobody drives this job set: run qjm resume")
    all_done = state.finished == len(state.jobs) and not state.totals.flawed
    return exit_codes.DONE if all_done else exit_codes.NOT_ALL_DONE


def _print_result(arguments: argparse.Namespace, tree: object, text: str) -> int:
    print(formatting.dump(tree) if arguments.json else printable(text))
    return exit_codes.DONE
