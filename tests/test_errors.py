"""The errors are one tree, and derive from the standard library's errors too."""

import inspect

import pytest

from qjm_widgets import QJMError, errors

KINDS = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_a_qjm_error_and_in_the_drawing(kind: type[Exception]) -> None:
    assert issubclass(kind, QJMError)
    assert errors.__doc__ is not None
    assert kind.__name__ in errors.__doc__
    assert kind.__doc__


@pytest.mark.parametrize(
    ("kind", "standard"),
    [
        (errors.InputError, ValueError),
        (errors.CircuitError, ValueError),
        (errors.LimitError, ValueError),
        (errors.BackendError, TypeError),
        (errors.NotFoundError, LookupError),
        (errors.CircuitNotFoundError, LookupError),
        (errors.WaitTimeoutError, TimeoutError),
    ],
)
def test_errors_derive_from_the_standard_ones(kind: type[Exception], standard: type[Exception]) -> None:
    assert issubclass(kind, standard)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no such gate"), "ValueError: no such gate"),
        (KeyError("seed"), "KeyError: seed"),
        (RuntimeError(""), "RuntimeError"),
        (RuntimeError("  two\nlines "), "RuntimeError: two\nlines"),
        (ImportError("No module named 'qiskit'"), "ImportError: No module named 'qiskit'"),
        (ImportError("'a' is not 'b'"), "ImportError: 'a' is not 'b'"),
    ],
)
def test_an_error_is_explained_by_its_type_and_text(error: Exception, text: str) -> None:
    assert errors.explain(error) == text
