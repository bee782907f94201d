"""The picture of the packages in CONTRIBUTING.md, drawn from the imports of the code.

``python -m tests.packaging.architecture`` writes it; ``test_architecture.py`` checks that it is current.
"""

import re
import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "CONTRIBUTING.md"
PACKAGE = "qjm_widgets"
#: The modules below everything else are one box.
BASE = "base"
_BEGIN, _END = "<!-- picture: begin -->\n", "<!-- picture: end -->\n"


def layers() -> list[list[str]]:
    """Return the layers of the import contract, the highest first: packages and modules."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (contract,) = (each for each in contracts if each.get("containers") == [PACKAGE])
    return [re.split(r"\s*[|:]\s*", layer) for layer in contract["layers"]]


def arrows() -> set[tuple[str, str]]:
    """Return which package imports which, without the arrows that follow from others."""
    *upper, base = layers()
    graph = grimp.build_graph(PACKAGE)
    boxes = {name: name for layer in upper for name in layer} | dict.fromkeys(base, BASE)
    direct: dict[str, set[str]] = {box: set() for box in boxes.values()}
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            pair = [boxes.get(name.split(".")[1]) for name in (importer, imported) if "." in name]
            if len(pair) == 2 and None not in pair and pair[0] != pair[1]:
                direct[str(pair[0])].add(str(pair[1]))
    reach = {box: _reach(box, direct) for box in direct}
    return {
        (box, other)
        for box, others in direct.items()
        for other in others
        if not any(other in reach[middle] for middle in others - {other})
    }


def _reach(box: str, direct: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    left = list(direct[box])
    while left:
        other = left.pop()
        if other not in found:
            found.add(other)
            left += direct[other]
    return found


def picture() -> str:
    """Return the picture as Mermaid, which GitHub draws."""
    *_, base = layers()
    lines = ["```mermaid", "flowchart TD", f'  {BASE}["{" · ".join(base)}"]']
    lines += [f"  {box} --> {other}" for box, other in sorted(arrows())]
    return "\n".join([*lines, "```", ""])


def page() -> str:
    """Return CONTRIBUTING.md with the picture as it should be."""
    before, rest = PAGE.read_text("utf-8").split(_BEGIN)
    _, after = rest.split(_END)
    return f"{before}{_BEGIN}{picture()}{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
