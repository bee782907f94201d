"""Warnings of a backend on our threads reach the user once."""

import logging
import warnings
from typing import Any

import pytest

from qjm_widgets import JobManager
from tests.contract.adapter_kinds import ended
from tests.fakes import ScriptedBackend, marked

TEXT = "Option colour is not used by this backend"


class WarningBackend(ScriptedBackend):
    def run(self, run_input: Any, shots: int = 1024, **options: Any) -> Any:
        warnings.warn(TEXT, stacklevel=2)
        return super().run(run_input, shots)


@pytest.mark.filterwarnings("always")
def test_it_is_a_note_of_one_row_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "qjm_widgets"), JobManager(":memory:") as manager:
        for _ in range(2):
            caplog.clear()
            job_set = ended(
                manager.run(
                    [marked(i) for i in range(5)], WarningBackend(), max_circuits_per_job=1, colour=3
                )
            )
            assert [job.note for job in job_set._state.jobs].count(TEXT) == 1
            assert TEXT in job_set.report()
            assert [record.getMessage() for record in caplog.records] == [f"scripted warns: {TEXT}"]


@pytest.mark.filterwarnings("always")
def test_the_users_own_warnings_are_shown_as_before(recwarn: pytest.WarningsRecorder) -> None:
    backend = WarningBackend(hold=True)
    backend.gate.clear()
    with JobManager(":memory:") as manager:
        job_set = manager.run(marked(1), backend)
        assert backend.entered.wait(30)
        warnings.warn("the user's own", stacklevel=1)
        backend.gate.set()
        assert job_set.wait(30, until="submitted")
        backend.sent[0].finish()
        ended(job_set)
    assert "the user's own" in [str(each.message) for each in recwarn]
