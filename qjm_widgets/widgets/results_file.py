"""All results of a set as a CSV file for its page, gzipped and in pieces."""

from __future__ import annotations

import zlib

from qjm_widgets.errors import InputError
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.outcome_reader import OutcomeReader
from qjm_widgets.state.result_parts import ResultParts
from qjm_widgets.state.result_table import read_table
from qjm_widgets.state.results_csv import csv_blocks

#: The maximum size of the CSV, in bytes: the page keeps all of it in memory.
_MOST_BYTES = 64_000_000
#: Bytes of one message; proxies between kernel and page close the connection after a much larger one.
_PIECE = 1_000_000
#: zlib's ``wbits`` for the gzip format.
_GZIP = 31


def results_file(state: JobSetState) -> list[bytes]:
    """Return the table of the results so far as gzipped CSV in UTF-8, in pieces of up to 1 MB.

    It is the table of ``JobSetResults.to_dataframe``. It may take seconds.

    Raises:
        InputError: there are no results yet, or the file would be larger than 64 MB.
        QJMError: an outcome cannot be read from the store or fetched from its provider.
    """
    table = read_table(ResultParts(state, OutcomeReader(state)))
    if not len(table.circuits):
        raise InputError(_nothing(state))
    packer = zlib.compressobj(wbits=_GZIP)
    packed, size = bytearray(), 0
    for block in csv_blocks(table):
        data = block.encode("utf-8")
        size += len(data)
        if size > _MOST_BYTES:
            raise InputError(_too_large(len(table.circuits)))
        packed += packer.compress(data)
    packed += packer.flush()
    return [bytes(packed[at : at + _PIECE]) for at in range(0, len(packed), _PIECE)]


def _nothing(state: JobSetState) -> str:
    if state.settled:
        return "There is nothing to save: no circuit or point has counts or an expectation value."
    return "There is nothing to save yet: no circuit or point has its result."


def _too_large(rows: int) -> str:
    return (
        f"The results have {rows:,} rows, and their CSV is larger than {_MOST_BYTES / 1e6:,.0f} MB, the "
        "most that a page can save. Write it from the notebook:\n"
        "`job_set.results(partial=True).to_dataframe().to_csv(path)`"
    )
