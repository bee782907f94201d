"""``qjm``: job sets in a terminal, on the same store as notebooks.

Exit codes::

    0   it was done; of watch, resume and retry: and every job of the set is done
    1   the set has ended, and some of its jobs are not done: error, cancelled or held
    2   the command line, or a value in it, is wrong
    3   there is no such job set
    4   another kernel drives the set: act there
    5   nobody drives the set, so a backend is needed: --backend module:factory
    6   the store or a file could not be read or written
    7   --timeout was over first; the jobs go on
    130 interrupted; what was sent goes on
"""

from qjm_widgets.cli.main import main

__all__ = ["main"]
