"""axe-core in the page: what it finds that would keep people out."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator

_AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"

_RUN = """async (element) => {
  const { violations } = await axe.run(element, { resultTypes: ['violations'] });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 200))}`);
}"""


def serious(within: Locator) -> list[str]:
    """What axe-core calls serious or critical inside an element, a line each."""
    # Evaluated and not added as a script: the server's policy for scripts is no matter of ours.
    within.page.evaluate(_AXE.read_text("utf-8"))
    found: list[str] = within.evaluate(_RUN)
    return found
