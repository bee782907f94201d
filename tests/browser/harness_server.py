"""A real Jupyter server and a real browser for the tests, both found on this machine."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from playwright.sync_api import Playwright

App = Literal["lab", "notebook", "voila"]
Theme = Literal["Light", "Dark"]

START_SECONDS = 90
STOP_SECONDS = 15

# As few calls home as Chromium can be asked for; each would wait for a network that may not be there.
BROWSER_ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
]

_BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MACOS_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find_browser(playwright: Playwright) -> str:
    """The Chromium or Chrome to drive: `QJM_BROWSER`, an installed one, or Playwright's own.

    Playwright's own is fetched where there is no other, but never in CI.

    Raises:
        FileNotFoundError: there is none. Tests fail on it and are not skipped.
    """
    wanted = os.environ.get("QJM_BROWSER")
    if wanted:
        if not Path(wanted).is_file():
            raise FileNotFoundError(f"QJM_BROWSER names {wanted!r}, which is not a file.")
        return wanted
    own = playwright.chromium.executable_path
    candidates = [*map(shutil.which, _BROWSER_NAMES), *_MACOS_BROWSERS, own]
    for candidate in candidates:
        if candidate and Path(candidate).is_file():
            return candidate
    if os.environ.get("CI") != "true":
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
        if Path(own).is_file():
            return own
    raise FileNotFoundError(
        "No Chromium or Chrome was found. Install one, or name its program in QJM_BROWSER. "
        "`make test-py PYTEST_ARGS=\"-m 'not browser'\"` runs the other tests."
    )


class JupyterServer:
    """`jupyter lab`, `jupyter notebook` or `voila` with a home, settings and a store of its own.

    Use it in a `with` block. Notebooks go below `root`; kernels run the Python of the tests and keep
    their job sets in `store`. `QJM_KERNEL` names a folder with another ipykernel for them.
    """

    def __init__(self, app: App, home: Path) -> None:
        self.app = app
        self.home = home
        self.root = home / "notebooks"
        self.store = home / "store"
        self.log = home / "server.log"
        self.token = secrets.token_hex(16)
        self.port = _free_port()
        self._settings = home / "settings"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.root.mkdir(parents=True)
        self._write_kernelspec()
        self._leave_out_the_grader()
        self._write_setting("apputils-extension", "notification", {"fetchNews": "false"})
        # The file changes when a test saves it, and not in between.
        self._write_setting("docmanager-extension", "plugin", {"autosave": False})
        command = [sys.executable, "-m", *(self._voila() if self.app == "voila" else self._jupyter())]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def _jupyter(self) -> list[str]:
        return [
            *("jupyter", self.app),
            "--no-browser",
            "--allow-root",
            "--expose-app-in-browser",
            "--ip=127.0.0.1",
            f"--port={self.port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={self.root}",
        ]

    def _voila(self) -> list[str]:
        return [
            *("voila", str(self.root)),
            "--no-browser",
            "--Voila.ip=127.0.0.1",
            f"--port={self.port}",
            f"--token={self.token}",
        ]

    def notebook_url(self, path: str) -> str:
        """The address that opens the notebook at `path`, which is relative to `root`."""
        # `reset` keeps Lab from opening the documents of an earlier test.
        page = {"lab": "lab/tree", "notebook": "notebooks", "voila": "voila/render"}[self.app]
        query = "reset&" if self.app == "lab" else ""
        return f"http://127.0.0.1:{self.port}/{page}/{quote(path)}?{query}token={self.token}"

    def set_theme(self, theme: Theme) -> None:
        """Set the theme of the pages opened from now on."""
        self._write_setting("apputils-extension", "themes", {"theme": f"JupyterLab {theme}"})

    def shut_down_kernels(self) -> None:
        """End the kernels of all notebooks."""
        for session in json.loads(self._request("sessions")):
            self._request(f"sessions/{session['id']}", method="DELETE")

    def _request(self, path: str, method: str = "GET") -> bytes:
        request = Request(
            f"http://127.0.0.1:{self.port}/api/{path}",
            method=method,
            headers={"Authorization": f"token {self.token}"},
        )
        with urlopen(request, timeout=STOP_SECONDS) as response:
            body: bytes = response.read()
            return body

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._request("status")
                return
            except HTTPError:  # Voila, which has no such page
                return
            except (URLError, ConnectionError, TimeoutError) as error:
                # Waits a moment, and notices at once when the server ends.
                try:
                    process.wait(timeout=0.1)
                except subprocess.TimeoutExpired:
                    ended = False
                else:
                    ended = True
                if ended or time.monotonic() > deadline:
                    state = "ended" if ended else f"did not answer within {START_SECONDS} s"
                    text = self.log.read_text("utf-8", "replace")[-4000:]
                    raise RuntimeError(f"jupyter {self.app} {state}:\n{text}") from error

    def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        # The server ends its kernels on SIGTERM.
        process.terminate()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JUPYTER", "IPYTHON", "XDG_"))
        }
        return kept | {
            "HOME": str(self.home),
            "IPYTHONDIR": str(self.home / "ipython"),
            "JUPYTERLAB_SETTINGS_DIR": str(self._settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.home / "workspaces"),
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "JUPYTER_PREFER_ENV_PATH": "0",
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "QJM_STORE": str(self.store),
        }

    def _write_kernelspec(self) -> None:
        folder = self.home / "data" / "kernels" / "python3"
        folder.mkdir(parents=True)
        launch = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec: dict[str, Any] = {"argv": launch, "display_name": "Python 3", "language": "python"}
        if "QJM_KERNEL" in os.environ:
            spec["env"] = {"PYTHONPATH": os.environ["QJM_KERNEL"]}
        (folder / "kernel.json").write_text(json.dumps(spec), "utf-8")

    def _leave_out_the_grader(self) -> None:
        """nbgrader, which other tests use, puts menus into every JupyterLab of its environment."""
        parts = ("formgrader", "validate_assignment", "assignment_list", "course_list")
        server = {f"nbgrader.server_extensions.{part}": False for part in parts}
        files = {
            "labconfig/page_config.json": {"disabledExtensions": {"@jupyter/nbgrader": True}},
            "jupyter_server_config.d/nbgrader.json": {"ServerApp": {"jpserver_extensions": server}},
        }
        for name, tree in files.items():
            file = self.home / "config" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(tree), "utf-8")

    def _write_setting(self, extension: str, plugin: str, values: dict[str, Any]) -> None:
        file = self._settings / "@jupyterlab" / extension / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), "utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
