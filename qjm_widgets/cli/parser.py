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
  0 done   1 some jobs are error, cancelled or held   2 wrong usage   3 no such job set
  4 another kernel drives it   5 a backend is needed   6 store or file   7 time over   130 interrupted
"""


def parser() -> argparse.ArgumentParser:
    """What the command line may hold."""
    top = argparse.ArgumentParser(
        prog="qjm",
        description="Sets of quantum jobs, on the same store as notebooks.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"qjm_widgets {__version__}")
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--store", metavar="PATH", help="the store; by default the user's own")
    everywhere.add_argument("--json", action="store_true", help="JSON for scripts")
    one = argparse.ArgumentParser(add_help=False, parents=[everywhere])
    one.add_argument("set", metavar="SET", help=_SET)
    patient = argparse.ArgumentParser(add_help=False)
    patient.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="how long to wait at most")
    driving = argparse.ArgumentParser(add_help=False, parents=[patient])
    driving.add_argument(
        "--backend",
        metavar="MODULE:FACTORY",
        help="the backend, or what makes it; its module may be in the current folder",
    )
    driving.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a run option that the store does not have, its value as JSON",
    )
    jobs = argparse.ArgumentParser(add_help=False)
    jobs.add_argument("jobs", metavar="JOB", nargs="*", type=_job, help="numbers of jobs; else all")

    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=list(parents))

    lists = command("list", "the sets of the store, newest first", everywhere)
    lists.add_argument("--name", help="only those of this name")
    lists.add_argument("--limit", type=_whole, metavar="N", help="at most so many")
    shows = command("show", "one set and its jobs", one)
    shows.add_argument("--counts", action="store_true", help="the counts so far, too")
    command("watch", "follow a set live until it has ended", one, patient)
    command("cancel", "cancel jobs", one, jobs, driving)
    retries = command("retry", "send failed jobs again, and wait for them", one, jobs, driving)
    retries.add_argument(
        "--held", action="store_true", help="held jobs, which may have been sent before, instead"
    )
    command("resume", "drive a set on that nobody drives, until it has ended", one, driving)
    exports = command("export", "write a set into one file", one)
    exports.add_argument("file", metavar="FILE")
    loads = command("load", "read a set from a file that export wrote", everywhere)
    loads.add_argument("file", metavar="FILE")
    return top


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1, not {text!r}")
    return int(text)


def _job(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a job's number, as `qjm show` tells it, not {text!r}")
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
    """The backend that ``module:factory`` names; None for none.

    Raises:
        InputError: there is none, or making it fails.
    """
    if text is None:
        return None
    module, _, name = text.partition(":")
    if not module or not name:
        raise InputError(f"--backend is MODULE:FACTORY, such as my_lab:backend; not {text!r}")
    # Last, where Python itself put it first too: a file here must not stand for an installed package.
    here = str(Path.cwd())
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) != here] + [here]
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        # A class and a function make the backend; an instance is one.
        return found() if isinstance(found, type) or not hasattr(found, "run") else found
    except Exception as error:  # the user's own module may raise anything
        raise InputError(f"--backend {text} gives no backend: {explain(error)}") from error


def options_of(pairs: list[str]) -> dict[str, Any]:
    """Run options by name.

    Raises:
        InputError: a pair has no name, or its value is no JSON.
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
                f"--option is NAME=VALUE with the value as JSON, such as memory=true; not {pair!r}"
            ) from None
    return options
