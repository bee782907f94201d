"""The README's examples run one after another in one Python process, with fewer circuits."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from qiskit.providers.basic_provider import BasicSimulator

from qjm_widgets import JobManager
from tests.fakes import LIMIT, marked

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
CHECK = """
print(sum(counts.values()), "shots of circuit 5")
scan.wait()
print(scan.figure(x="theta", y="1").layout.title.text)
print(job_set.results().get_counts(0))
"""


@pytest.mark.newer_qiskit
def test_the_examples_of_the_readme_run(tmp_path: Path) -> None:
    with JobManager(":memory:") as manager:
        recorded = manager.run(marked(0, bits=2), BasicSimulator(), shots=10)
        assert recorded.wait(LIMIT)
        manager.export(recorded, tmp_path / "monday.qjm")
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    for old, new in (("range(1000)", "range(10)"), ("job_set.results()", "counts = job_set.results()")):
        assert code.count(old) == 1
        code = code.replace(old, new)
    done = subprocess.run(
        [sys.executable, "-c", code + CHECK],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=4 * LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shots, sweep, replayed = done.stdout.splitlines()
    assert shots == "1024 shots of circuit 5"
    assert "P(1) over theta · 1,000 of 1,000 points" in sweep
    assert replayed == "{'00': 10}"
