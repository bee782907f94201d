"""``%qjm``: a line magic for job sets. ``%load_ext qjm_widgets`` registers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import display

from qjm_widgets.cli.find_set import find_set
from qjm_widgets.core.formatting import plural
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.errors import InputError, JobSetNotFoundError, QJMError
from qjm_widgets.job_set import JobSet
from qjm_widgets.manager import JobManager, JobSetGroup, default_manager
from qjm_widgets.manager.default import open_managers
from qjm_widgets.widgets import settings

_USAGE = """%qjm                   list the sets of the store
%qjm show SET          show the live panel of a set, or of a group
%qjm cancel SET        cancel a set's jobs
%qjm teaching on|off   let panels explain themselves, or not
SET is an id, the beginning of an id, or a name; Tab completes ids."""
#: The most ids that Tab offers; they are the newest.
_MOST_IDS = 200


@magics_class
class QJMMagics(Magics):
    """The magic and its completion, for one shell."""

    @line_magic
    def qjm(self, line: str) -> None:
        """List job sets; `%qjm show SET`, `%qjm cancel SET`, `%qjm teaching on|off`."""
        words = line.split(maxsplit=1)
        command, rest = [*words, "", ""][:2]
        try:
            if not words:
                for manager in _one_for_each_store(_managers()):
                    display(manager)  # type: ignore[no-untyped-call]
            elif command in _COMMANDS:
                _COMMANDS[command](rest.strip())
            else:
                raise InputError(f"%qjm has no command {command!r}:\n{_USAGE}")
        except QJMError as error:
            # The cell fails with the message alone: a traceback would not help the user.
            raise UsageError(str(error)) from None


def _show(text: str) -> None:
    """Show a set, or a group of this name if no set has it."""
    shown: JobSet | JobSetGroup
    try:
        shown = _set(text)
    except JobSetNotFoundError:
        groups = (manager.group(text) for manager in _managers() if manager.history(limit=1, group=text))
        found = next(groups, None)
        if found is None:
            raise
        shown = found
    display(shown)  # type: ignore[no-untyped-call]


def _cancel(text: str) -> None:
    job_set = _set(text)
    print(f"cancelling {plural(job_set.cancel(), 'job')} of {job_set.name()!r}")


def _teach(text: str) -> None:
    if text not in ("on", "off"):
        raise InputError(f"%qjm teaching is on or off, not {text!r}")
    settings.set_default(text == "on")


_COMMANDS: Mapping[str, Callable[[str], None]] = {
    "show": _show,
    "cancel": _cancel,
    "teaching": _teach,
}


def _set(text: str) -> JobSet:
    """Return a set from the manager that has it in this session; if none has it, from a store."""
    if not text:
        raise InputError(f"which set?\n{_USAGE}")
    managers = _managers()
    set_id = find_set(_summaries(managers), text)
    # If a manager of this kernel has the set, only that manager can cancel its jobs.
    for manager in managers:
        for job_set in manager.job_sets():
            if job_set.job_set_id() == set_id:
                return job_set
    manager = next(m for m in managers if any(s.record.set_id == set_id for s in m.history()))
    return manager.retrieve_job_set(set_id)


def _managers() -> list[JobManager]:
    """Return the open managers of this kernel; if none is open, the default manager."""
    return open_managers() or [default_manager()]


def _one_for_each_store(managers: Sequence[JobManager]) -> list[JobManager]:
    by_store = {id(m) if m._store_path == ":memory:" else m._store_path: m for m in managers}
    return list(by_store.values())


def _summaries(managers: Sequence[JobManager]) -> list[SetSummary]:
    """Return the sets of all stores, each once."""
    found = {summary.record.set_id: summary for manager in managers for summary in manager.history()}
    return list(found.values())


def complete(shell: Any, event: Any) -> list[str]:
    """Return the completions of Tab after ``%qjm``: commands, then ids, or on and off.

    Args:
        shell: IPython's shell; not used.
        event: has the ``line`` up to the cursor.
    """
    words = event.line.split()
    before = words[1:] if event.line.endswith(" ") else words[1:-1]
    if not before:
        return list(_COMMANDS)
    if before == ["teaching"]:
        return ["on", "off"]
    if before in (["show"], ["cancel"]):
        try:
            return [summary.record.set_id for summary in _summaries(_managers())[:_MOST_IDS]]
        except QJMError:  # a store that cannot be read has no completions
            return []
    return []


def load(shell: Any) -> None:
    """Register ``%qjm`` in a shell."""
    shell.register_magics(QJMMagics)
    shell.set_hook("complete_command", complete, str_key="%qjm")
    shell.set_hook("complete_command", complete, str_key="qjm")


def unload(shell: Any) -> None:
    """Remove ``%qjm`` from a shell."""
    shell.magics_manager.magics["line"].pop("qjm", None)
    for key in ("%qjm", "qjm"):
        shell.strdispatchers["complete_command"].strs.pop(key, None)
