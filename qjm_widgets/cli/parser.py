"""The command line of ``qjm``."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from qjm_widgets import __version__
from qjm_widgets.errors import InputError, explain

_SET = "a job set: its id, the beginning of its id, or its name"
_CODES = """exit codes:
  0 success   1 some jobs are not done: error, cancelled, held or failed circuits   2 wrong usage
  3 no such job set   4 another kernel drives it   5 a backend is needed   6 store or file error
  7 timeout   130 interrupted
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="qjm",
        description="Sets of quantum jobs, on the same store as notebooks.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"qjm_widgets {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--store", metavar="PATH", help="file of the store (default: the user's own store)"
    )
    common.add_argument("--json", action="store_true", help="print JSON")
    one = argparse.ArgumentParser(add_help=False, parents=[common])
    one.add_argument("set", metavar="SET", help=_SET)
    waiting = argparse.ArgumentParser(add_help=False)
    waiting.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="wait no longer than this")
    driving = argparse.ArgumentParser(add_help=False, parents=[waiting])
    driving.add_argument(
        "--backend",
        metavar="MODULE:FACTORY",
        help="the backend, or a function or class that makes it; MODULE may be in the current folder",
    )
    driving.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a run option that the store lacks, with its value as JSON",
    )
    jobs = argparse.ArgumentParser(add_help=False)
    jobs.add_argument("jobs", metavar="JOB", nargs="*", type=_job, help="numbers of jobs (default: all)")

    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=list(parents))

    text = "list the sets of the store, newest first; the sets of a group are one line"
    lists = command("list", text, common)
    lists.add_argument("--name", help="only sets of this name")
    lists.add_argument("--group", metavar="NAME", help="only the sets of this group, a line for each")
    lists.add_argument("--all", action="store_true", help="a line for each set, also of groups")
    lists.add_argument("--limit", type=_positive_integer, metavar="N", help="no more than N lines")
    shows = command("show", "show one set and its jobs", one)
    shows.add_argument("--counts", action="store_true", help="show the counts so far, too")
    command("watch", "show a set live until all its jobs have ended or are held", one, waiting)
    command("cancel", "cancel jobs", one, jobs, driving)
    retries = command(
        "retry",
        "send jobs with errors or failed circuits again, and wait for the set",
        one,
        jobs,
        driving,
    )
    retries.add_argument(
        "--held", action="store_true", help="send held jobs instead; they may have been sent before"
    )
    command(
        "resume",
        "drive a set that nobody drives, until all its jobs have ended or are held",
        one,
        driving,
    )
    exports = command("export", "write a set to a file", one)
    exports.add_argument("file", metavar="FILE")
    loads = command("load", "read a set from a file of export", common)
    loads.add_argument("file", metavar="FILE")
    return top


def _positive_integer(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"an integer of at least 1, not {text!r}")
    return int(text)


def _job(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"the number of a job in `qjm show`, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"a number of seconds, not {text!r}")
    return number


def backend_of(text: str | None) -> Any:
    """Return the backend that ``module:factory`` names; None if the text is None.

    Raises:
        InputError: the text has another form, or importing or making the backend failed.
    """
    if text is None:
        return None
    module, _, name = text.partition(":")
    if not module or not name:
        raise InputError(f"--backend is MODULE:FACTORY, such as my_lab:backend, not {text!r}")
    # The current folder comes last, even if Python put it first: its files hide no installed package.
    folder = str(Path.cwd())
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) != folder] + [folder]
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        # A class or function makes the backend; an object with ``run`` is the backend.
        return found() if isinstance(found, type) or not hasattr(found, "run") else found
    except Exception as error:  # the user's own module may raise anything
        raise InputError(f"--backend {text} makes no backend: {explain(error)}") from error


def options_of(pairs: list[str]) -> dict[str, Any]:
    """Return the run options in ``NAME=VALUE`` pairs by name.

    Raises:
        InputError: a pair has no name, or its value is not JSON.
    """
    options = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        try:
            if not name.isidentifier() or not sign:
                raise ValueError
            options[name] = json.loads(text)
        except ValueError:
            raise InputError(
                f"--option is NAME=VALUE with the value as JSON, such as memory=true, not {pair!r}"
            ) from None
    return options
