"""When all kernels have submitted lately: the pace of an account, which they share."""

from __future__ import annotations

import sqlite3

from qjm_widgets.core.backoff import Pace


def take_token(connection: sqlite3.Connection, account: str, pace: Pace, now: float) -> float:
    """Note a submission where the pace allows one; else the seconds to wait; inside a transaction."""
    run = connection.execute
    run("DELETE FROM submissions WHERE account = ? AND at <= ?", (account, now - pace.seconds))
    # A clock that was set back must not hold up submissions for as long.
    run("UPDATE submissions SET at = ? WHERE account = ? AND at > ?", (now, account, now))
    before = run(
        "SELECT at FROM submissions WHERE account = ? ORDER BY at DESC LIMIT 1 OFFSET ?",
        (account, pace.jobs - 1),
    ).fetchone()
    wait = pace.wait(before[0] if before else None, now)
    if wait == 0:
        run("INSERT INTO submissions (account, at) VALUES (?, ?)", (account, now))
    return wait
