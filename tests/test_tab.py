"""What Tab completes: the public names, also after all internal modules were imported."""

import importlib
import pkgutil
from contextlib import suppress

import pytest
from IPython.core.completer import IPCompleter, provisionalcompleter

import qjm_widgets
from qjm_widgets.manager import JobSetGroup

PUBLIC = {
    "qjm_widgets": {
        "JobManager",
        "JobSet",
        "JobSetResults",
        "ManagedJob",
        "QJMError",
        "as_completed",
        "backends",
        "classroom",
        "default_manager",
        "errors",
        "ibmq",
    },
    "qjm_widgets.backends": {"ibm"},
    "qjm_widgets.backends.ibm": {"IBMQuantum"},
    "qjm_widgets.classroom": {
        "PRESETS",
        "ClassroomBackend",
        "Conditions",
        "LessonClock",
        "ReplayBackend",
    },
    "qjm_widgets.ibmq": {
        "IBMQJobManager",
        "IBMQJobManagerError",
        "IBMQJobManagerInvalidStateError",
        "IBMQJobManagerJobNotFound",
        "IBMQJobManagerTimeoutError",
        "IBMQJobManagerUnknownJobSet",
        "IBMQManagedResultDataNotAvailable",
        "ManagedJob",
        "ManagedJobSet",
        "ManagedResults",
    },
}


@pytest.mark.parametrize("module", PUBLIC)
def test_tab_completes_the_public_names_only(module: str) -> None:
    for info in pkgutil.walk_packages(qjm_widgets.__path__, "qjm_widgets."):
        if not info.name.endswith("__main__"):
            with suppress(ImportError):  # a package that it needs is not installed here
                importlib.import_module(info.name)
    completer = IPCompleter(namespace={"qjm_widgets": qjm_widgets}, use_jedi=False)
    line = f"{module}."
    with provisionalcompleter():
        found = {completion.text for completion in completer.completions(line, len(line))}
    assert {text.removeprefix(line).removeprefix(".") for text in found} == PUBLIC[module]


def test_tab_completes_the_version_after_underscores() -> None:
    assert "__version__" in dir(qjm_widgets)


@pytest.mark.parametrize("module", PUBLIC)
def test_every_completed_name_exists(module: str) -> None:
    loaded = importlib.import_module(module)
    for name in PUBLIC[module]:
        assert getattr(loaded, name) is not None


SURFACE = {
    qjm_widgets.JobManager: {
        *("adopt", "backend", "close", "delete", "estimator", "export", "find_job_sets", "group"),
        *(
            "history",
            "job_sets",
            "load",
            "plan",
            "prune",
            "report",
            "retrieve_job_set",
            "run",
            "sampler",
        ),
    },
    qjm_widgets.JobSet: {
        *("as_completed", "cancel", "counts", "error_messages", "figure", "group", "job", "job_set_id"),
        *("jobs", "jobs_of", "managed_jobs", "name", "panel", "pause", "poll", "report", "results"),
        *("resume", "retry", "status", "statuses", "subscribe", "tags", "to_dataframe", "unpause"),
        *("update_max_qpu_seconds", "update_name", "update_tags", "usage", "wait"),
    },
    qjm_widgets.JobSetResults: {
        *("backend_name", "combine_results", "data", "evs", "failed", "get_counts", "get_memory"),
        *("get_statevector", "get_unitary", "metadata", "missing", "parameters", "primitive_result"),
        *("program_result", "quantum_program_result", "stds", "success", "to_dataframe", "to_xarray"),
    },
    JobSetGroup: {"job_sets", "name", "panel", "record", "values"},
    qjm_widgets.ManagedJob: {
        *("calibrated_at", "cancel", "error_message", "execution_spans", "history", "job", "job_id"),
        *("metrics", "points", "retry", "span", "state", "status", "usage"),
    },
}


@pytest.mark.parametrize("kind", SURFACE)
def test_an_object_offers_its_public_methods_only(kind: type) -> None:
    assert {name for name in dir(kind) if not name.startswith("_")} == SURFACE[kind]
