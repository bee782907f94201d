"""The methods have the signatures recorded from qiskit-ibmq-provider 0.20.2."""

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from qiskit.exceptions import QiskitError
from qiskit.result import Result

import qjm_widgets.ibmq
from qjm_widgets import QJMError
from qjm_widgets.ibmq import IBMQJobManager, ManagedResults

RETIRED = json.loads(Path(__file__).with_name("retired.json").read_text())
METHODS = [(kind, name) for kind, methods in RETIRED["classes"].items() for name in methods]


def written(parameter: inspect.Parameter) -> str:
    if parameter.kind is inspect.Parameter.VAR_KEYWORD:
        return f"**{parameter.name}"
    assert parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    if parameter.default is inspect.Parameter.empty:
        return parameter.name
    return f"{parameter.name}={parameter.default!r}"


def functions(kind: type) -> dict[str, Any]:
    """The public methods that are defined on the class itself."""
    found = {name: getattr(kind, name) for name in vars(kind) if not name.startswith("_")}
    return {name: method for name, method in found.items() if inspect.isroutine(method)}


@pytest.mark.parametrize(("kind", "name"), METHODS)
def test_a_method_takes_what_the_retired_one_took(kind: str, name: str) -> None:
    method = functions(getattr(qjm_widgets.ibmq, kind))[name]
    parameters = list(inspect.signature(method).parameters.values())[1:]
    assert [written(parameter) for parameter in parameters] == RETIRED["classes"][kind][name]


def test_the_manager_is_made_without_arguments() -> None:
    assert not inspect.signature(IBMQJobManager).parameters


def test_results_have_the_methods_of_result_that_read_results_and_combine_results() -> None:
    ours, qiskits = functions(ManagedResults), functions(Result)
    for conversion in ("to_dict", "from_dict"):
        del qiskits[conversion]
    assert set(ours) == {*qiskits, "combine_results"}
    assert {name for name in dir(ManagedResults) if not name.startswith("_")} == {
        *RETIRED["classes"]["ManagedResults"],
        *("backend_name", "success"),
    }
    for name, method in qiskits.items():
        assert list(inspect.signature(ours[name]).parameters) == list(
            inspect.signature(method).parameters
        )


@pytest.mark.parametrize(("name", "bases"), RETIRED["exceptions"].items())
def test_an_exception_is_of_the_kinds_that_it_was(name: str, bases: list[str]) -> None:
    error = getattr(qjm_widgets.ibmq, name)
    for base in bases:
        assert issubclass(error, getattr(qjm_widgets.ibmq, base))
    assert issubclass(error, QiskitError)
    assert issubclass(error, QJMError)
    assert str(error("it's said")) == "it's said"


def test_every_name_is_exported() -> None:
    assert set(qjm_widgets.ibmq.__all__) == {*RETIRED["classes"], *RETIRED["exceptions"]}
