"""The common part of the backends, samplers and estimators whose runs are job sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from qjm_widgets.errors import DrivenElsewhereError

if TYPE_CHECKING:
    from qjm_widgets.job_set import JobSet


class Manager(Protocol):
    """The part of a ``JobManager`` by which job sets are run and retrieved."""

    def run(self, circuits: Any, backend: Any, **arguments: Any) -> JobSet:
        """Store circuits as a job set and return."""

    def retrieve_job_set(self, job_set_id: str, backend: Any = None) -> JobSet:
        """Return a set of this session or of the store."""


class Parts(NamedTuple):
    """What a managed object is made of.

    Attributes:
        manager: runs the job sets.
        wrapped: the backend, sampler or estimator that runs the circuits.
        defaults: arguments of ``JobManager.run`` for each run.
    """

    manager: Manager
    wrapped: Any
    defaults: Mapping[str, Any]


class Managed:
    """A backend, sampler or estimator whose runs are job sets.

    Only the attributes named in ``_own`` are its own. All others, public and private, those that
    Qiskit's base class defines included, are those of the wrapped object, and are set there.

    A copy, also a deep one, is the object itself, because its jobs belong to one manager. Pickled, it
    opens the manager's store again.
    """

    #: The names of its own attributes.
    _own: ClassVar[frozenset[str]] = frozenset({"run", "retrieve_job"})
    #: Makes it again from its parts, when it is unpickled.
    _make: ClassVar[Callable[..., Any]]
    #: Makes the job of a set.
    _make_job: ClassVar[Callable[[JobSet, Managed], Any]]
    _qjm: Parts

    def __init__(self, manager: Manager, wrapped: Any, defaults: Mapping[str, Any]) -> None:
        # The base class of Qiskit is not initialized: its attributes are those of the wrapped object.
        object.__setattr__(self, "_qjm", Parts(manager, wrapped, dict(defaults)))

    def retrieve_job(self, job_id: str, **run_options: Any) -> Any:
        """Return the job of a set that was run before, perhaps in another kernel.

        An unfinished set that no kernel drives is resumed, as by ``JobSet.resume``.

        Args:
            job_id: the id of the job set.
            run_options: the run options that could not be stored, and those to change.

        Raises:
            JobSetNotFoundError: the manager's store does not have the set.
            InputError: the set was made for another backend or primitive, or run options are missing.
        """
        return type(self)._make_job(retrieve_set(self, job_id, run_options), self)

    def __getattribute__(self, name: str) -> Any:
        if name == "_qjm" or name.startswith("__") or name in type(self)._own:
            return object.__getattribute__(self, name)
        return getattr(self._qjm.wrapped, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._qjm.wrapped, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._qjm.wrapped, name)

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._qjm.wrapped), *type(self)._own})

    def __copy__(self) -> Managed:
        return self

    def __deepcopy__(self, memo: object) -> Managed:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self)._make, tuple(self._qjm)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._qjm.wrapped!r}>"


def unwrapped(thing: Any) -> Any:
    """Return the object that a managed one wraps, and any other object itself."""
    return thing._qjm.wrapped if isinstance(thing, Managed) else thing


def run_arguments(managed: Managed, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``JobManager.run``: those of the call, else the defaults.

    A name among the defaults is that of all sets together: of their group.
    """
    defaults = dict(managed._qjm.defaults)
    shared = defaults.pop("name", None)
    if shared is not None:
        defaults.setdefault("group", shared)
    return {**defaults, **given}


def at_once(circuits: Any) -> Any:
    """Return the argument of Qiskit's ``run``, which takes all circuits before it returns."""
    return list(circuits) if isinstance(circuits, Iterator) else circuits


def retrieve_set(managed: Managed, job_set_id: str, run_options: Mapping[str, Any]) -> JobSet:
    """Return a set, and resume it if it is unfinished and no kernel drives it.

    Args:
        managed: the backend, sampler or estimator that ran it.
        job_set_id: the id of the set.
        run_options: those that could not be stored, and those to change.

    Raises:
        JobSetNotFoundError: the store does not have the set.
        InputError: the set was made for another backend, or run options are missing; the message names
            them.
    """
    manager, _, defaults = managed._qjm
    job_set = manager.retrieve_job_set(job_set_id, backend=managed)
    state = job_set._state
    if not state.driven and not state.over:
        missing = {name: defaults[name] for name in state.record.unstored_options if name in defaults}
        with suppress(DrivenElsewhereError):  # if another kernel claims it meanwhile, it is followed
            job_set.resume(
                managed,
                executor=defaults.get("executor"),
                pass_manager=defaults.get("pass_manager"),
                **{**missing, **run_options},
            )
    return job_set
