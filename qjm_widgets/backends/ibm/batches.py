"""The batches in which jobs run: made when they are used, retrieved by id, replaced when closed."""

from __future__ import annotations

from typing import Any

from qjm_widgets.backends.ibm.client import IBMClient
from qjm_widgets.backends.ibm.primitives import BATCH
from qjm_widgets.backends.ibm.submission import is_batch_id, submission_error
from qjm_widgets.core.job_tags import set_tag_of
from qjm_widgets.core.submission import Submission
from qjm_widgets.errors import InputError, NotFoundError, ProviderError


class Batches:
    """The batches of one backend: one for each set, and those that the user names.

    Args:
        backend: a backend of a ``QiskitRuntimeService``.
        rest: the client, which finds out whether a batch is closed.
        batch: whether jobs run in a batch of their set (True), each by itself (False), or in the batch
            with this id; the run option ``batch`` overrides it.
    """

    def __init__(self, backend: Any, rest: IBMClient, batch: bool | str) -> None:
        self._backend = backend
        self._rest = rest
        self._batch = batch
        self._batches: dict[str, Any] = {}

    def of(self, submission: Submission) -> Any:
        """Return the batch in which a job runs; None if it runs by itself.

        Raises:
            InputError: the batch that the user named does not exist.
        """
        request = self._request(submission)
        if request is False:
            return None
        key = self._key(submission)
        if key not in self._batches:
            known = request if isinstance(request, str) else submission.batch_id
            found = self._retrieve(known) if is_batch_id(known) else None
            if found is None and isinstance(request, str):
                raise InputError(f"there is no batch {request}")
            self._batches[key] = found or self._new()
        return self._batches[key]

    def renew(self, submission: Submission) -> Any:
        """Replace the batch in which a job was to run by a new one, and return it."""
        batch = self._batches[self._key(submission)] = self._new()
        return batch

    def is_closed(self, batch: Any, error: Exception) -> bool:
        """Return whether a submission failed because its batch accepts no more jobs."""
        batch_id = getattr(batch, "session_id", None)
        classified = submission_error(error, self._rest.redact)
        if batch_id is None or getattr(classified, "arrived", None) is not None:
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

    def _request(self, submission: Submission) -> bool | str:
        request: bool | str = submission.options.get(BATCH, self._batch)
        return request

    def _key(self, submission: Submission) -> str:
        request = self._request(submission)
        return request if isinstance(request, str) else set_tag_of(submission.identity)

    def _retrieve(self, batch_id: Any) -> Any:
        """Return the batch with this id; None if there is no such batch or it is a session."""
        from qiskit_ibm_runtime import Batch, IBMInputValueError

        try:
            return Batch.from_id(
                batch_id,
                self._backend.service,
                # The batch's own backend checks the circuits again, so it must know their gates.
                use_fractional_gates=self._backend.options.use_fractional_gates,
                calibration_id=self._backend.calibration_id,
            )
        except IBMInputValueError:
            return None

    def _new(self) -> Any:
        from qiskit_ibm_runtime import Batch

        return Batch(backend=self._backend)
