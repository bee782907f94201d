"""Which panels explain themselves."""

from collections.abc import Iterator

import pytest

from qjm_widgets import JobManager, JobSet
from qjm_widgets.widgets import settings
from tests.fakes import LIMIT, ScriptedBackend, marked


@pytest.fixture
def job_set() -> Iterator[JobSet]:
    with JobManager(":memory:") as manager:
        job_set = manager.run(marked(0), ScriptedBackend())
        assert job_set.wait(LIMIT)
        yield job_set
    settings.set_default(False)


def test_a_panel_follows_the_default_unless_it_has_its_own_setting(job_set: JobSet) -> None:
    panels = [job_set.panel(), job_set.panel(teaching=True), job_set.panel(teaching=False)]

    def taught() -> list[bool]:
        return [panel._updates.trait()["head"]["teaching"] for panel in panels]

    assert taught() == [False, True, False]
    settings.set_default(True)
    assert taught() == [True, True, False]
    settings.set_default(False)
    assert taught() == [False, True, False]


def test_visible_panels_change_at_once(job_set: JobSet) -> None:
    panel = job_set.panel()
    updates = panel._updates
    updates.open_view("a view")
    while updates.update() is not None:
        pass
    settings.set_default(True)
    message = updates.update()
    assert message is not None
    assert message.content["head"]["teaching"] is True
