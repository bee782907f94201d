"""``qjm``: job sets in a terminal, on the same store as notebooks.

Exit codes::

    0   success; of watch, resume and retry: every job of the set is done
    1   the set has settled, and some of its jobs are not done: error, cancelled, held or failed circuits
    2   the command line, or a value in it, is wrong
    3   there is no such job set
    4   another kernel drives the set: use that kernel
    5   nobody drives the set, so a backend is needed: --backend module:factory
    6   the store or a file could not be read or written
    7   the time of --timeout is over; jobs that were sent continue
    130 interrupted; jobs that were sent continue
"""

from qjm_widgets.cli.main import main

__all__ = ["main"]
