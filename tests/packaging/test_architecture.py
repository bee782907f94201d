"""CONTRIBUTING.md shows the packages as they are, and names files that exist."""

import re

from tests.packaging.architecture import PACKAGE, PAGE, ROOT, page, picture


def test_the_picture_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run .venv/bin/python -m tests.packaging.architecture"


def test_an_arrow_is_an_import_that_no_longer_path_implies() -> None:
    assert "manager --> interfaces" in picture()
    assert "manager --> core" not in picture()


def places() -> set[str]:
    """Return all files and folders of the project, with a slash before each and after a folder."""
    found = set()
    page_folders = ("js/demo", "js/src", "js/tests")
    for top in (PACKAGE, "js", *page_folders, "tests", "hatch_build.py", "pyproject.toml"):
        for place in [ROOT / top, *([] if top == "js" else (ROOT / top).rglob("*"))]:
            found.add(f"/{place.relative_to(ROOT).as_posix()}" + ("/" if place.is_dir() else ""))
    return found


def named_paths() -> set[str]:
    paths = re.findall(r"`([\w./]+(?:/|\.(?:py|ts|tsx|sql|toml)))`", PAGE.read_text("utf-8"))
    return {path for path in paths if "MODULE" not in path}


def test_the_named_files_exist() -> None:
    known = places()
    missing = [path for path in named_paths() if not any(place.endswith(f"/{path}") for place in known)]
    assert not missing
