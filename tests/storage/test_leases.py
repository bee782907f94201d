"""Two hosts with different clocks on one store: beats show which owners are alive, not the clocks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from qjm_widgets.core.records import Status
from qjm_widgets.core.store_port import Changes
from qjm_widgets.errors import DrivenElsewhereError, LeaseLostError
from qjm_widgets.storage import SQLiteStore, leases
from tests.contract.store_fixtures import a_job, a_set

A = a_set().set_id


@dataclass
class Hosts:
    """Time as it passes, and how far the clock of each host is ahead of it; one host acts at a time."""

    patch: pytest.MonkeyPatch
    path: Path
    passed: float = 1_000.0
    ahead: dict[str, float] = field(default_factory=dict)
    stores: dict[str, SQLiteStore] = field(default_factory=dict)

    def on(self, host: str, ahead: float = 0.0) -> SQLiteStore:
        """The store as a host has it open; what is done with it next is done there."""
        if host not in self.stores:
            self.ahead[host] = ahead
        clock = SimpleNamespace(
            time=lambda: 1.7e9 + self.passed + self.ahead[host],
            monotonic=lambda: self.passed + 77 * len(host),
        )
        self.patch.setattr(leases, "time", clock)
        if host not in self.stores:
            self.patch.setattr(leases.socket, "gethostname", lambda: host)
            self.stores[host] = SQLiteStore(self.path)
        return self.stores[host]

    def die(self, host: str) -> None:
        """As a power cut does it: nothing is written any more."""
        del self.stores[host]._owner._seen  # whoever uses it again fails


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosts]:
    hosts = Hosts(monkeypatch, tmp_path / "store")
    yield hosts
    for store in hosts.stores.values():
        store.close()


def age(hosts: Hosts, seconds: float) -> None:
    """Let the last beats be so long ago by the clock of the file system."""
    for lock in Path(f"{hosts.path}.owners").glob("*.lock"):
        at = lock.stat().st_mtime - seconds
        os.utime(lock, (at, at))


@pytest.mark.parametrize("ahead", [600.0, -600.0, 1e7, 0.0])
@pytest.mark.parametrize("whose", ["owner", "looker"])
def test_a_set_with_a_live_owner_is_not_claimed_whatever_the_clocks_show(
    hosts: Hosts, ahead: float, whose: str
) -> None:
    first, second = ("first", ahead * (whose == "owner")), ("second", ahead * (whose == "looker"))
    hosts.on(*first).create_set(a_set(), [a_job(0)])
    for _ in range(20):
        with pytest.raises(DrivenElsewhereError, match="on first"):
            hosts.on(*second).claim(A)
        hosts.passed += 60  # beats may be late
        hosts.on(*first).beat()
    assert "on first" in str(hosts.on(*second).owner(A))
    hosts.on(*first).commit({A: Changes([a_job(0, status=Status.DONE)])})


@pytest.mark.parametrize("ahead", [600.0, 3_600.0, 1e7, -1e7, 0.0])
def test_an_owner_that_died_blocks_for_two_minutes_whatever_its_clock_said(
    hosts: Hosts, ahead: float
) -> None:
    hosts.on("first", ahead).create_set(a_set(), [a_job(0)])
    hosts.passed += 15
    hosts.on("first").beat()
    hosts.die("first")
    for _ in range(2):
        with pytest.raises(DrivenElsewhereError):
            hosts.on("second").claim(A)
        hosts.passed += 59
    with pytest.raises(DrivenElsewhereError):
        hosts.on("second").claim(A)
    hosts.passed += 3
    hosts.on("second").claim(A)
    assert hosts.on("second").owner(A) is None


@pytest.mark.parametrize("ahead", [3_600.0, 0.0])
@pytest.mark.parametrize(("seconds", "lives"), [(110.0, True), (130.0, False), (1e6, False)])
def test_the_age_of_the_last_beat_is_that_of_the_file_system(
    hosts: Hosts, ahead: float, seconds: float, lives: bool
) -> None:
    """A host that comes later does not have to wait for what died long ago."""
    hosts.on("first", ahead).create_set(a_set(), [a_job(0)])
    hosts.die("first")
    age(hosts, seconds)
    assert (hosts.on("second").owner(A) is not None) == lives


def test_an_owner_that_beats_again_is_alive_again(hosts: Hosts) -> None:
    """A laptop that slept: nobody has taken its set meanwhile."""
    hosts.on("first").create_set(a_set(), [a_job(0)])
    hosts.on("second").owner(A)
    hosts.passed += 500
    assert hosts.on("second").owner(A) is None
    hosts.on("first").beat()
    assert "on first" in str(hosts.on("second").owner(A))


def test_an_owner_that_lost_its_lease_writes_nothing(hosts: Hosts) -> None:
    hosts.on("first", 600.0).create_set(a_set(), [a_job(0)])
    assert hosts.on("second").owner(A)
    hosts.passed += 121
    hosts.on("second").claim(A)
    write: Callable[[], None] = lambda: hosts.on("first").commit({A: Changes([a_job(0)])})  # noqa: E731
    with pytest.raises(LeaseLostError, match="on second"):
        write()


def test_a_clock_that_stops_does_not_stop_the_beats(hosts: Hosts) -> None:
    store = hosts.on("first")
    store.create_set(a_set(), [a_job(0)])
    assert hosts.on("second").owner(A)
    for _ in range(3):
        hosts.passed += 100
        hosts.ahead["first"] -= 100
        hosts.on("first").beat()
        assert hosts.on("second").owner(A)
