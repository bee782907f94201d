"""Checks of the forms of instructions; they are made before an instruction is restored from a form."""

from __future__ import annotations

from typing import Any

from qjm_widgets.serialization.allowed_classes import is_allowed
from qjm_widgets.serialization.tree import TreeError


def check_form(form: Any) -> None:
    """Refuse a tree that is not a form of an instruction whose class is on the allow list.

    Raises:
        TreeError: the form is invalid; the error gives the reason.
    """
    if isinstance(form, dict) and set(form) == {"blocks"} and isinstance(form["blocks"], list):
        for forms in form["blocks"]:
            check_forms(forms)
        return
    if not isinstance(form, dict) or set(form) != {"class", "state"}:
        raise TreeError("it is not a form of an instruction")
    if not isinstance(form["state"], dict) or not is_allowed(form["class"]):
        raise TreeError(f"an instruction of an unknown class {str(form['class'])[:100]!r}")


def check_forms(forms: Any) -> None:
    """Refuse forms of a circuit that are not by place or that ``check_form`` refuses.

    Raises:
        TreeError: the forms are invalid.
    """
    if not isinstance(forms, dict) or not all(place.isdecimal() for place in forms):
        raise TreeError("the forms of its instructions are not by place")
    for form in forms.values():
        check_form(form)
