"""Check the arguments of ``run(..., continue_set=)``: the set, and what must be as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.formatting import Taking, options_text
from qjm_widgets.core.records import JobSetRecord, Status
from qjm_widgets.engine.engine import Engine
from qjm_widgets.engine.transpiler import Transpiler
from qjm_widgets.errors import DrivenElsewhereError, InputError, InvalidStateError
from qjm_widgets.job_set import JobSet
from qjm_widgets.job_set.control import Resume
from qjm_widgets.manager.inputs import as_list, comes_one_by_one
from qjm_widgets.manager.intake import Intake
from qjm_widgets.manager.planning import RunArguments, storable_options, transpile_function
from qjm_widgets.manager.resume_options import check_backend, merge_options
from qjm_widgets.manager.taker import Source, Taker
from qjm_widgets.state.wait import wait_until


class Continuation:
    """The part of one manager that adds circuits to a set whose taking ended early.

    Args:
        engine: drives the sets.
        transpiler: transpiles their circuits.
        taker: takes circuits in the background.
        resume: drives a set in this kernel.
    """

    def __init__(self, engine: Engine, transpiler: Transpiler, taker: Taker, resume: Resume) -> None:
        self._engine = engine
        self._transpiler = transpiler
        self._taker = taker
        self._resume = resume

    def run(
        self,
        job_set: JobSet,
        arguments: RunArguments,
        adapter: BackendAdapter,
        backend: Any,
        executor: Any,
        size: int | None,
    ) -> None:
        """Skip the circuits that a set has, and add the others.

        Args:
            job_set: the set.
            arguments: those of ``run``, with all circuits.
            adapter: the adapter of the backend.
            backend, executor: as in ``run``.
            size: how many circuits there are, if the user said that.

        Raises:
            InputError: a circuit or an argument is wrong, or the set has all circuits.
            InvalidStateError: the set cannot be continued here.
        """
        state = job_set._state
        check_continued(job_set, adapter)
        arguments, options = continued_arguments(state.record, arguments)
        one_by_one = comes_one_by_one(arguments.circuits)
        iterator = iter(arguments.circuits if one_by_one else as_list(arguments.circuits))
        intake = Intake(arguments, adapter, options)
        block, more = intake.first_block(iterator, skip=state.record.circuits)
        if state.adapter is None:
            unstored = _unstored(state.record, options)
            self._resume(state, backend, executor, arguments.pass_manager, unstored)
        self._engine.begin_taking(state, Taking(size))
        transpile = transpile_function(arguments.pass_manager, adapter, options)
        source = Source(state, iterator, intake, transpile, self._engine, self._transpiler)
        source.send(block)
        self._engine.execute(lambda: None)  # returns when the block is on disk
        if more:
            self._taker.start(source)
            if not one_by_one:
                wait_until(state, lambda: not state.is_taking, None)
        else:
            self._engine.end_taking(state, state.taking_ended(None), complete=True)


def check_continued(job_set: JobSet, adapter: BackendAdapter) -> None:
    """Refuse to add circuits to a set that has all of them, or is not to be changed here.

    Raises:
        InputError: it has all circuits, or the backend is another one.
        InvalidStateError: circuits are still being taken, or its jobs know how many there are.
        DrivenElsewhereError: another kernel drives it.
    """
    state, record = job_set._state, job_set._state.record
    if record.complete:
        raise InputError(
            f"{record.name!r} has all of its circuits: run the others as a set of their own"
        )
    if state.is_taking:
        raise InvalidStateError(f"{record.name!r} is still taking circuits: cancel it or wait before")
    if state.owner is not None:
        raise DrivenElsewhereError(f"{state.owner} drives {record.name!r}: continue it there")
    check_backend(record, adapter)
    if adapter.runs_programs:
        raise InputError(f"{record.name!r} is of a QuantumProgram: run the program again")
    sent = any(job.status is not Status.NOT_SENT for job in state.jobs)
    if sent and adapter.finds and not record.taken:
        # The provider's jobs have the number of circuits in their tags.
        raise InvalidStateError(
            f"jobs of {record.name!r} were sent as those of a set of {record.circuits:,} circuits: run "
            "the others as a set of their own"
        )


def continued_arguments(
    record: JobSetRecord, arguments: RunArguments
) -> tuple[RunArguments, dict[str, Any]]:
    """Return the arguments with what the set has, and the run options of its jobs.

    Raises:
        InputError: an argument differs from what the set was run with; the message names it.
    """
    if (arguments.pass_manager is not None) is not record.transpiles:
        which = "with" if record.transpiles else "without"
        raise InputError(f"{record.name!r} was run {which} a pass manager: continue it so")
    given = {
        "name": (arguments.name, record.name),
        "group": (arguments.group, record.group),
        "tags": (tuple(arguments.tags) or None, record.tags),
        "rerun_on_resume": (arguments.rerun_on_resume, record.rerun_on_resume),
        "max_qpu_seconds": (arguments.max_qpu_seconds, record.max_qpu_seconds),
    }
    different = [name for name, (new, old) in given.items() if new is not None and new != old]
    if different:
        raise InputError(
            f"{', '.join(different)}: leave it out, these are those of the set that goes on"
        )
    stored, _ = storable_options(arguments.options)
    changed = {name: value for name, value in stored.items() if record.options.get(name) != value}
    if changed:
        raise InputError(
            f"{options_text(changed)} differs from the run options of the set: "
            f"{options_text(record.options) or 'it has none'}"
        )
    return (
        replace(
            arguments,
            shots=_own(arguments.shots, record.shots),
            precision=_own(arguments.precision, record.precision),
        ),
        merge_options(record, _unstored(record, arguments.options)),
    )


def _own(given: Any, of_set: tuple[Any, Any] | None) -> Any:
    """Return the shots or the precision for circuits without their own, as the set has them."""
    alike = of_set is not None and of_set[0] == of_set[1]
    return of_set[0] if given is None and of_set is not None and alike else given


def _unstored(record: JobSetRecord, options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in record.unstored_options if name in options}
