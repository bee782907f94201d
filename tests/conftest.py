"""Fixtures of all tests: no test uses the store of the person who runs it."""

import importlib.util
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from qjm_widgets._compat import has_samplers
from tests.clocks import clock
from tests.run_totals import RunTotals

__all__ = ["clock"]

collect_ignore = []
if not has_samplers():
    # Qiskit 0.46 lacks what they import: V2 samplers, BitArray, and instructions of the newer library.
    collect_ignore += [
        "contract/test_bound_points.py",
        "contract/test_estimators.py",
        "contract/test_estimators_input.py",
        "contract/test_odd_pubs.py",
        "manager/test_reuse.py",
        "bundle/test_points.py",
        "faults/test_sweep_kills.py",
        "interfaces/test_primitives.py",
        "contract/test_estimator_points.py",
        "contract/test_points.py",
        "manager/test_points.py",
        "manager/test_taking_pubs.py",
        "manager/test_group_estimates.py",
        "plotting/test_expected_curve.py",
        "plotting/test_sweep.py",
        "widgets/test_results_file.py",
        "backends/test_sampler.py",
        "bundle/test_estimators.py",
        "serialization/test_circuits.py",
        "serialization/test_metadata.py",
        "serialization/test_outcomes.py",
    ]


if not importlib.util.find_spec("xarray"):  # the environments of other providers lack it
    collect_ignore.append("results/test_dataset.py")

if importlib.util.find_spec("hypothesis"):  # the environments of other providers lack it
    from hypothesis import HealthCheck, settings

    # Property tests look at what is computed, never at how long it takes on this machine.
    settings.register_profile("qjm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("qjm")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(RunTotals())
    # The processes of pytest-xdist ignore interrupts, and what they start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests that need a newer Qiskit than the installed one."""
    if not has_samplers():
        left_out = [item for item in items if item.get_closest_marker("newer_qiskit")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session", autouse=True)
def _no_user_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the fixtures that outlive a test away from the user's data too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QJM_STORE", str(tmp_path_factory.mktemp("qjm") / "store"))
        yield


@pytest.fixture(autouse=True)
def store_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of an empty store, which `JobManager()` uses in this test."""
    path = tmp_path / "qjm-store"
    monkeypatch.setenv("QJM_STORE", str(path))
    return path
