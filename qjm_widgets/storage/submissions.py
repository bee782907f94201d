"""Keep the pace of an account, which all kernels share; the store has the times of their submissions."""

from __future__ import annotations

import sqlite3

from qjm_widgets.core.backoff import Pace


def take_token(connection: sqlite3.Connection, account: str, pace: Pace, now: float) -> float:
    """Record a submission and return 0 if the pace allows it; else return the seconds to wait."""
    run = connection.execute
    run("DELETE FROM submissions WHERE account = ? AND at <= ?", (account, now - pace.seconds))
    # If the clock was set back, some times are in the future; submissions must not wait until then.
    run("UPDATE submissions SET at = ? WHERE account = ? AND at > ?", (now, account, now))
    before = run(
        "SELECT at FROM submissions WHERE account = ? ORDER BY at DESC LIMIT 1 OFFSET ?",
        (account, pace.jobs - 1),
    ).fetchone()
    wait = pace.wait(before[0] if before else None, now)
    if wait == 0:
        run("INSERT INTO submissions (account, at) VALUES (?, ?)", (account, now))
    return wait
