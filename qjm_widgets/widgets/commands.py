"""The commands of the manager's panel, on a set or on the store."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qjm_widgets.core.formatting import first_line, plural
from qjm_widgets.errors import InputError
from qjm_widgets.job_set import JobSet
from qjm_widgets.widgets.set_query import group_key

if TYPE_CHECKING:
    from qjm_widgets.manager import JobManager, JobSetGroup

_DAY = 86_400.0
#: The maximum size, in bytes, of a bundle that is downloaded through the page.
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a command.

    Attributes:
        text: what was done, for the user; may be empty.
        changed: whether the list changed.
        opened: the set or group whose panel is to be opened, or None.
        closed: ids of the sets, and keys of the groups, whose panels are to be closed.
        file: the name and the bytes of a file for the page, or None.
    """

    text: str
    changed: bool = True
    opened: JobSet | JobSetGroup | None = None
    closed: frozenset[str] = frozenset()
    file: tuple[str, bytes] | None = None

    @property
    def key(self) -> str:
        """The id of the opened set, or the key of the opened group."""
        if isinstance(self.opened, JobSet):
            return self.opened.job_set_id()
        return "" if self.opened is None else group_key(self.opened.name())


class Commands:
    """The commands of the page by name."""

    def __init__(self, manager: JobManager) -> None:
        self._manager = manager

    def execute(self, content: dict[str, Any]) -> CommandResult:
        """Execute the command of a message.

        Raises:
            QJMError: the command failed; the text is for the user.
        """
        name, set_id = content.get("do"), str(content.get("set"))
        if isinstance(group := content.get("group"), str):
            return self._execute_on_group(name, group)
        if name == "open":
            job_set = self._manager.retrieve_job_set(set_id)
            return CommandResult(f"{_name(job_set)} is open below", opened=job_set)
        if name == "close":
            return CommandResult("", closed=frozenset({set_id}))
        if name == "resume":
            job_set = self._manager.retrieve_job_set(set_id).resume()
            return CommandResult(f"{_name(job_set)} is resumed and open below", opened=job_set)
        if name == "rename":
            job_set = self._manager.retrieve_job_set(set_id)
            job_set.update_name(_text(content, "name"))
            return CommandResult(f"The name is {_name(job_set)} now")
        if name == "tag":
            tags = self._manager.retrieve_job_set(set_id).update_tags(_tags(content))
            return CommandResult(
                f"Tags: {', '.join(map(first_line, tags))}" if tags else "The set has no tags now"
            )
        if name == "export":
            path = Path(_text(content, "path")).expanduser().absolute()
            self._manager.export(set_id, path)
            return CommandResult(f"Written to {path}", changed=False)
        if name == "download":
            return self._download(set_id)
        if name == "delete":
            self._manager.delete(set_id)
            return CommandResult("The set was deleted", closed=frozenset({set_id}))
        if name == "count_older":
            number = self._manager.prune(_days(content) * _DAY, dry_run=True)
            return CommandResult(str(number), changed=False)
        if name == "prune":
            return self._prune(_days(content))
        raise InputError(f"unknown command {name!r}")

    def _execute_on_group(self, name: Any, group: str) -> CommandResult:
        if name == "open":
            opened = self._manager.group(group)
            return CommandResult(f"{first_line(group, 80)} is open below", opened=opened)
        if name == "close":
            return CommandResult("", closed=frozenset({group_key(group)}))
        raise InputError(f"unknown command {name!r} on a group")

    def _download(self, set_id: str) -> CommandResult:
        job_set = self._manager.retrieve_job_set(set_id)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bundle"
            self._manager.export(set_id, path)
            size = path.stat().st_size
            if size > _MOST_BYTES:
                raise InputError(
                    f"the bundle has {size / 1e6:,.0f} MB, which is too large for a download: "
                    "export it to a path instead"
                )
            name = re.sub(r"[^\w.-]+", "-", first_line(job_set.name(), 60)).strip("-.") or set_id
            return CommandResult("Downloaded", changed=False, file=(f"{name}.qjm", path.read_bytes()))

    def _prune(self, days: float) -> CommandResult:
        before = {summary.record.set_id for summary in self._manager.history()}
        number = self._manager.prune(days * _DAY)
        left = {summary.record.set_id for summary in self._manager.history()}
        return CommandResult(f"{plural(number, 'set')} deleted", closed=frozenset(before - left))


def _name(job_set: JobSet) -> str:
    return first_line(job_set.name(), 80)


def _text(content: dict[str, Any], field: str) -> str:
    value = content.get(field)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"a {field} is missing")
    return value.strip()


def _tags(content: dict[str, Any]) -> list[str]:
    tags = content.get("tags")
    if not isinstance(tags, list):
        raise InputError("tags are missing")
    return [tag.strip() for tag in tags if isinstance(tag, str) and tag.strip()]


def _days(content: dict[str, Any]) -> float:
    days = content.get("days")
    if isinstance(days, bool) or not isinstance(days, int | float) or not 0 <= days <= 36_500:
        raise InputError("an age is a number of days from 0 to 36,500")
    return float(days)
