"""The batches in which jobs run: made where they are used, had back by their id, replaced when over."""

from __future__ import annotations

from typing import Any

from qjm_widgets.backends.ibm.client import IBMClient
from qjm_widgets.backends.ibm.sampler import BATCH, is_batch_id, sorted_error
from qjm_widgets.core.job_tags import set_tag_of
from qjm_widgets.core.submission import Submission
from qjm_widgets.errors import InputError, NotFoundError, ProviderError


class Batches:
    """The batches of one backend: one for each set, and those that the user names.

    Args:
        backend: of a ``QiskitRuntimeService``.
        rest: asks whether one is over.
        batch: whether jobs run in a batch of their set (True), each by itself (False), or in the batch
            with this id, where the run options do not say it.
    """

    def __init__(self, backend: Any, rest: IBMClient, batch: bool | str) -> None:
        self._backend = backend
        self._rest = rest
        self._batch = batch
        self._batches: dict[str, Any] = {}

    def of(self, submission: Submission) -> Any:
        """The batch in which a job runs, or None.

        Raises:
            InputError: the user names one that there is not.
        """
        wish = self._wish(submission)
        if wish is False:
            return None
        key = self._key(submission)
        if key not in self._batches:
            known = wish if isinstance(wish, str) else submission.batch_id
            found = self._had_back(known) if is_batch_id(known) else None
            if found is None and isinstance(wish, str):
                raise InputError(f"there is no batch {wish}")
            self._batches[key] = found or self._new()
        return self._batches[key]

    def renew(self, submission: Submission) -> Any:
        """Another batch in the place of the one in which the job was to run."""
        batch = self._batches[self._key(submission)] = self._new()
        return batch

    def is_over(self, batch: Any, error: Exception) -> bool:
        """Whether a submission failed because its batch takes no more jobs."""
        batch_id = getattr(batch, "session_id", None)
        sorted_by = sorted_error(error, self._rest.redact)
        if batch_id is None or getattr(sorted_by, "arrived", None) is not None:
            return False
        if not getattr(batch, "_active", True):
            return True
        try:
            found = self._rest.session(batch_id)
        except NotFoundError:
            return True
        except ProviderError:
            return False
        return found.get("accepting_jobs") is False or found.get("state") == "closed"

    def _wish(self, submission: Submission) -> bool | str:
        wish: bool | str = submission.options.get(BATCH, self._batch)
        return wish

    def _key(self, submission: Submission) -> str:
        wish = self._wish(submission)
        return wish if isinstance(wish, str) else set_tag_of(submission.identity)

    def _had_back(self, batch_id: Any) -> Any:
        """The batch of that id; None where there is none, or it is a session."""
        from qiskit_ibm_runtime import Batch, IBMInputValueError

        try:
            return Batch.from_id(
                batch_id,
                self._backend.service,
                # The batch's own backend checks the circuits once more, and has to know their gates.
                use_fractional_gates=self._backend.options.use_fractional_gates,
                calibration_id=self._backend.calibration_id,
            )
        except IBMInputValueError:
            return None

    def _new(self) -> Any:
        from qiskit_ibm_runtime import Batch

        return Batch(backend=self._backend)
