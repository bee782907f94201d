"""The counts of chosen circuits, summed as their jobs finish."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qjm_widgets.core.counts import CountsSum, Layout, Packed, together
from qjm_widgets.core.formatting import circuits_words, plural
from qjm_widgets.core.histogram import Histogram, histogram
from qjm_widgets.core.outcomes import CircuitOutcome, JobOutcome
from qjm_widgets.core.records import JobRecord
from qjm_widgets.plotting.expected import Expected
from qjm_widgets.plotting.groups import circuits_of
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.state.job_set_state import JobSetState

_LOG = logging.getLogger(__name__)

_Bits = tuple[int, ...] | None
"""Which bits of a circuit are shown; None for all."""
_Key = tuple[Layout, int, _Bits]
"""Circuits that one distribution is laid over in one way."""


class _Share(NamedTuple):
    """What is expected of the circuits that it is expected of, and how many shots those have."""

    distribution: Packed
    shots: int


class Aggregate:
    """Sums one choice; ``refresh`` adds what has finished since. Not safe between threads.

    Attributes:
        jobs: how many finished jobs are in it.
        of: how many jobs hold chosen circuits.
        without: circuits that are left out, since they lack the register or a bit.
        damaged: jobs whose results cannot be read.
    """

    def __init__(self, state: JobSetState, choice: Selection, expected: Expected | None) -> None:
        self._live = state
        self._choice = choice
        self._expected = expected
        self._circuits = circuits_of(state, choice)
        self._whole = choice.register is None and choice.bits is None
        self._sums: dict[_Bits, CountsSum] = {}
        self._texts = CountsSum()
        self._shown: list[Packed] | None = None
        self._rows: set[int] = set()
        self._among = self._looked_at = 0
        self._shares: dict[_Key, _Share] = {}
        self._unexpected: set[int] = set()
        self._misfit: tuple[int, int] | None = None
        self.jobs = self.of = self.without = self.damaged = 0

    @property
    def empty(self) -> bool:
        """Whether no circuit of the set is chosen."""
        return self._circuits is not None and not len(self._circuits)

    def refresh(self) -> None:
        """Add the jobs that have finished."""
        jobs = list(self._live.jobs)
        if len(jobs) != self._among:  # at first, and after a job was cut in halves
            self._among = len(jobs)
            self.of = sum(map(self._holds, jobs))
        for row in self._live.totals.done[self._looked_at :]:
            self._looked_at += 1
            job = self._live.jobs[row]
            if row not in self._rows and self._holds(job):
                self._rows.add(row)
                self._add(job)
        self.jobs = len(self._rows)

    def histogram(self, most: int) -> Histogram:
        """The bars so far, with what was expected of them where that fits."""
        fits = self._expected is not None and not self.misfit()
        expected = self._mixture() if fits and self._shares else None
        return histogram(self._parts(), self._texts.texts, most, expected)

    def misfit(self) -> str:
        """Why what was expected is not laid over, in words; empty where it is."""
        if self._expected is None or not (self._shares or self._unexpected or self._misfit):
            return ""
        if self._misfit is not None:
            expected, measured = self._misfit
            return f"What was expected has {plural(expected, 'bit')}, the outcomes {measured}"
        if self._unexpected:
            some = ", ".join(map(str, sorted(self._unexpected)[:5]))
            more = ", …" if len(self._unexpected) > 5 else ""
            return f"Nothing was expected of circuits {some}{more}"
        if len(self._parts()) > 1 or self._texts.texts:
            return "What was expected cannot be laid over outcomes of several layouts: choose circuits"
        return ""

    def notes(self) -> list[str]:
        """What a reader should know of the bars, a sentence each."""
        notes = [self.misfit()]
        if self.without:
            notes.append(f"Left out: {plural(self.without, 'result')} without this register or bits")
        if failed := self._failed():
            notes.append(f"Left out: {circuits_words(failed)}, which failed")
        if self.damaged:
            notes.append(f"Left out: {plural(self.damaged, 'job')} whose results cannot be read")
        return [note for note in notes if note]

    # -- inside --------------------------------------------------------------------------------------

    def _failed(self) -> list[int]:
        """Chosen circuits that failed in jobs that are done, ascending."""
        jobs = [self._live.jobs[row] for row in list(self._live.totals.flawed)]
        failed = sorted({circuit for job in jobs for circuit in job.failed_circuits})
        if self._circuits is None:
            return failed
        chosen = set(self._circuits.tolist()) if failed else set()
        return [circuit for circuit in failed if circuit in chosen]

    def _parts(self) -> list[Packed]:
        """The sum over the bits that are shown, one for each layout.

        Bits are cut out of sums and not of each circuit's counts: those are very many.
        """
        if self._shown is None:
            found: dict[Layout, list[Packed]] = {}
            for bits, total in self._sums.items():
                for part in total.parts():
                    shown = part if bits is None else part.marginal(bits)
                    found.setdefault(shown.layout, []).append(shown)
            self._shown = [parts[0] if len(parts) == 1 else together(parts) for parts in found.values()]
        return self._shown

    def _holds(self, job: JobRecord) -> bool:
        if self._circuits is None:
            return True
        at = int(np.searchsorted(self._circuits, job.span.start))
        return at < len(self._circuits) and int(self._circuits[at]) < job.span.stop

    def _chosen(self, job: JobRecord) -> Sequence[int]:
        if self._circuits is None:
            return range(job.span.start, job.span.stop)
        first, last = np.searchsorted(self._circuits, [job.span.start, job.span.stop])
        chosen: list[int] = self._circuits[first:last].tolist()
        return chosen

    def _add(self, job: JobRecord) -> None:
        self._shown = None
        try:
            outcome = self._live.outcomes.get(job.row)
            if outcome is not None:
                self._add_outcome(job, outcome)
        except Exception:  # damaged, or odd in a way that nobody has foreseen: the others are shown
            _LOG.warning("the result of job %d cannot be read", job.row, exc_info=True)
            self.damaged += 1

    def _add_outcome(self, job: JobRecord, outcome: JobOutcome) -> None:
        if self._circuits is None and self._whole and (self._expected is None or self._expected.alike):
            self._add_whole(job, outcome)
            return
        found: dict[_Bits, list[Packed]] = {}
        for circuit in self._chosen(job):
            place = circuit - job.span.start
            given = outcome.circuits[place] if place < len(outcome.circuits) else None
            if given is not None and given.success:
                self._add_circuit(circuit, given, found)
        for bits, parts in found.items():
            self._sums.setdefault(bits, CountsSum()).add(parts)

    def _add_whole(self, job: JobRecord, outcome: JobOutcome) -> None:
        """All circuits of a job at once, which is faster than one by one."""
        parts = [part._replace(layout=part.layout.normal()) for part in outcome.sums()]
        self._sums.setdefault(None, CountsSum()).add(parts)
        for texts in outcome.texts():
            self._texts.add_texts(texts)
        for part in parts if self._expected is not None else ():
            self._expect(job.span.start, part, None)

    def _add_circuit(
        self, circuit: int, outcome: CircuitOutcome, found: dict[_Bits, list[Packed]]
    ) -> None:
        packed = outcome.packed()
        if packed is None:
            if outcome.texts and self._whole:
                self._texts.add_texts(outcome.texts)
            elif outcome.texts:
                self.without += 1
            return
        bits = None if self._whole else self._choice.bits_of(outcome, packed.layout.width)
        if bits is None and not self._whole:
            self.without += 1
            return
        packed = packed._replace(layout=packed.layout.normal())
        found.setdefault(bits, []).append(packed)
        if self._expected is not None:
            self._expect(circuit, packed, bits)

    def _expect(self, circuit: int, packed: Packed, bits: _Bits) -> None:
        assert self._expected is not None
        shots = packed.shots
        if not shots:
            return
        distribution = self._expected.of(circuit)
        if distribution is None:
            self._unexpected.add(circuit)
            return
        key = (packed.layout, id(distribution), bits)
        known = self._shares.get(key)
        if known is None:
            known = _Share(self._fitted(distribution, packed.layout, bits), 0)
        self._shares[key] = known._replace(shots=known.shots + shots)

    def _fitted(self, distribution: Packed, layout: Layout, bits: _Bits) -> Packed:
        """A distribution over the bits that are shown: it may be given over these or over all."""
        wide = distribution.layout.width
        shown = layout if bits is None else layout.of_bits(bits)
        if bits is not None and wide == layout.width:
            distribution = distribution.marginal(bits)
        elif wide != shown.width:
            self._misfit = (wide or 0, shown.width or 0)
        return distribution._replace(layout=shown)

    def _mixture(self) -> Packed:
        """What is expected of all circuits together: each by its shots."""
        shares = list(self._shares.values())
        shots = sum(share.shots for share in shares)
        return together(
            [
                share.distribution._replace(counts=share.distribution.counts * (share.shots / shots))
                for share in shares
            ]
        )
