"""The counts of selected circuits, summed as their jobs finish."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qjm_widgets.core.counts import Layout, Packed, together
from qjm_widgets.core.counts_sum import CountsSum
from qjm_widgets.core.formatting import circuits_words, plural
from qjm_widgets.core.histogram import Histogram, histogram
from qjm_widgets.core.outcomes import CircuitOutcome, ItemOutcome, JobOutcome
from qjm_widgets.core.records import JobRecord
from qjm_widgets.plotting.expected import Expected
from qjm_widgets.plotting.groups import circuits_of
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.state.job_set_state import JobSetState

_LOG = logging.getLogger(__name__)

#: The bits of a circuit that are shown; None for all.
_Bits = tuple[int, ...] | None
#: The key of circuits with the same layout, expected distribution (by its ``id``) and shown bits.
_Key = tuple[Layout, int, _Bits]


class _Share(NamedTuple):
    """An expected distribution, and the shots of the circuits for which it is expected."""

    distribution: Packed
    shots: int


class Aggregate:
    """The counts of a selection, summed over the jobs that have finished. Not thread-safe.

    ``refresh`` adds the jobs that have finished since its last call.

    Args:
        state: the set.
        selection: which circuits and bits.
        expected: the distributions to compare the counts with, or None.

    Attributes:
        jobs: how many finished jobs are in the sum.
        of: how many jobs hold selected circuits.
        without: how many results are left out because they lack the register or a bit.
        damaged: how many jobs are left out because their results cannot be read.
        uncounted: the selected items of a quantum program that are left out because they have no counts.
    """

    def __init__(self, state: JobSetState, selection: Selection, expected: Expected | None) -> None:
        self._state = state
        self._selection = selection
        self._expected = expected
        self._circuits = circuits_of(state, selection)
        self._all_bits = selection.register is None and selection.bits is None
        self._sums: dict[_Bits, CountsSum] = {}
        self._texts = CountsSum()
        self._shown: list[Packed] | None = None
        self._rows: set[int] = set()
        self._job_count = self._done_count = 0
        self._shares: dict[_Key, _Share] = {}
        self._without_expected: set[int] = set()
        self._mismatch: tuple[int, int] | None = None
        self.jobs = self.of = self.without = self.damaged = 0
        self.uncounted: set[int] = set()

    @property
    def empty(self) -> bool:
        """Whether no circuit of the set is selected."""
        return self._circuits is not None and not len(self._circuits)

    def refresh(self) -> None:
        """Add the jobs that have finished."""
        jobs = list(self._state.jobs)
        if len(jobs) != self._job_count:  # the first time, and after a job was cut in halves
            self._job_count = len(jobs)
            self.of = sum(map(self._holds, jobs))
        for row in self._state.totals.done[self._done_count :]:
            self._done_count += 1
            job = self._state.jobs[row]
            if row not in self._rows and self._holds(job):
                self._rows.add(row)
                self._add(job)
        self.jobs = len(self._rows)

    def histogram(self, most: int) -> Histogram:
        """Return the bars so far, compared with the expected distribution if that fits.

        Args:
            most: the maximum number of bars.
        """
        fits = self._expected is not None and not self.mismatch()
        expected = self._mixture() if fits and self._shares else None
        return histogram(self._parts(), self._texts.texts, most, expected)

    def mismatch(self) -> str:
        """Return why the expected distribution cannot be compared; empty if it can."""
        if self._expected is None or not (self._shares or self._without_expected or self._mismatch):
            return ""
        if self._mismatch is not None:
            expected, measured = self._mismatch
            return f"The expected distribution has {plural(expected, 'bit')}, the outcomes {measured}"
        if self._without_expected:
            some = ", ".join(map(str, sorted(self._without_expected)[:5]))
            more = ", …" if len(self._without_expected) > 5 else ""
            return f"There is no expected distribution for circuits {some}{more}"
        if len(self._parts()) > 1 or self._texts.texts:
            return "Outcomes of several layouts have no common expected distribution: choose circuits"
        return ""

    def notes(self) -> list[str]:
        """Return what a user should know about the bars, a sentence each."""
        notes = [self.mismatch()]
        if self.without:
            notes.append(f"Left out: {plural(self.without, 'result')} without this register or bits")
        if self.uncounted:
            which = circuits_words(sorted(self.uncounted))
            notes.append(
                f"Left out: {which}, without counts, as there are no classified bits; "
                "results.program_result has the arrays"
            )
        if failed := self._failed_circuits():
            notes.append(f"Left out: {circuits_words(failed)}, which failed")
        if self.damaged:
            notes.append(f"Left out: {plural(self.damaged, 'job')} with unreadable results")
        return [note for note in notes if note]

    # -- inside --------------------------------------------------------------------------------------

    def _failed_circuits(self) -> list[int]:
        """Return the selected circuits that failed in jobs that are done, ascending."""
        jobs = [self._state.jobs[row] for row in list(self._state.totals.flawed)]
        failed = sorted({circuit for job in jobs for circuit in job.failed_circuits})
        if self._circuits is None:
            return failed
        selected = set(self._circuits.tolist()) if failed else set()
        return [circuit for circuit in failed if circuit in selected]

    def _parts(self) -> list[Packed]:
        """Return the sums over the bits that are shown, one for each layout.

        The bits are selected from the sums, because selecting them from each circuit's counts takes much
        longer.
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

    def _selected(self, job: JobRecord) -> Sequence[int]:
        if self._circuits is None:
            return range(job.span.start, job.span.stop)
        first, last = np.searchsorted(self._circuits, [job.span.start, job.span.stop])
        selected: list[int] = self._circuits[first:last].tolist()
        return selected

    def _add(self, job: JobRecord) -> None:
        self._shown = None
        try:
            outcome = self._state.outcomes.get(job.row)
            if outcome is not None:
                self._add_outcome(job, outcome)
        except Exception:  # damaged or malformed: the other jobs are shown
            _LOG.warning("the result of job %d cannot be read", job.row, exc_info=True)
            self.damaged += 1

    def _add_outcome(self, job: JobRecord, outcome: JobOutcome) -> None:
        self.uncounted.update(
            circuit
            for circuit in self._selected(job)
            if isinstance(item := outcome.circuit_at(circuit - job.span.start), ItemOutcome)
            and item.success
            and not item.registers
        )
        if (
            self._circuits is None
            and self._all_bits
            and (self._expected is None or self._expected.common)
        ):
            self._add_all(job, outcome)
            return
        found: dict[_Bits, list[Packed]] = {}
        for circuit in self._selected(job):
            place = circuit - job.span.start
            result = outcome.circuits[place] if place < len(outcome.circuits) else None
            if result is not None and result.success:
                self._add_circuit(circuit, result, found)
        for bits, parts in found.items():
            self._sums.setdefault(bits, CountsSum()).add(parts)

    def _add_all(self, job: JobRecord, outcome: JobOutcome) -> None:
        """Add all circuits of a job at once, which is faster than one by one."""
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
            if outcome.texts and self._all_bits:
                self._texts.add_texts(outcome.texts)
            elif outcome.texts:
                self.without += 1
            return
        bits = None if self._all_bits else self._selection.bits_of(outcome, packed.layout.width)
        if bits is None and not self._all_bits:
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
            self._without_expected.add(circuit)
            return
        key = (packed.layout, id(distribution), bits)
        known = self._shares.get(key)
        if known is None:
            known = _Share(self._fitted(distribution, packed.layout, bits), 0)
        self._shares[key] = known._replace(shots=known.shots + shots)

    def _fitted(self, distribution: Packed, layout: Layout, bits: _Bits) -> Packed:
        """Return the distribution over the bits that are shown.

        The user may give it over these bits or over all bits of the circuit. If it has another number of
        bits, record the mismatch.
        """
        wide = distribution.layout.width
        shown = layout if bits is None else layout.of_bits(bits)
        if bits is not None and wide == layout.width:
            distribution = distribution.marginal(bits)
        elif wide != shown.width:
            self._mismatch = (wide or 0, shown.width or 0)
        return distribution._replace(layout=shown)

    def _mixture(self) -> Packed:
        """Return the expected distribution of all circuits together, weighted by their shots."""
        shares = list(self._shares.values())
        shots = sum(share.shots for share in shares)
        return together(
            [
                share.distribution._replace(counts=share.distribution.counts * (share.shots / shots))
                for share in shares
            ]
        )
