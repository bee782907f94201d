"""The built files of the page: JavaScript, CSS and Plotly's basic build, as the wheel has them."""

from __future__ import annotations

from importlib import resources

from qjm_widgets.errors import QJMError


def text(name: str) -> str:
    """Return a built text file.

    Raises:
        QJMError: the file was not built; the message says how to build it.
    """
    return _read(name).decode()


def plotly_gz() -> bytes:
    """Return Plotly's basic build, gzipped."""
    return _read("plotly-basic.min.js.gz")


def _read(name: str) -> bytes:
    try:
        return resources.files("qjm_widgets").joinpath("static", name).read_bytes()
    except FileNotFoundError:
        raise QJMError(
            f"the panel's {name} is missing: it is built when the package is installed (pip install .)"
        ) from None
