"""HTTP of the loopback server: each request is logged, and spoilt if a fault is set for it."""

from __future__ import annotations

import time
import urllib.parse
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from tests.backends.ibm.server_types import Answer, Fault, Request

if TYPE_CHECKING:
    from tests.backends.ibm.server import Server


def handler_class(server: Server) -> type[BaseHTTPRequestHandler]:
    """Return the handler of the HTTP requests to ``server``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        #: An answer is written in two parts; else the second would wait for 40 ms.
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            address = urllib.parse.urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            request = Request(self.command, address.path, urllib.parse.parse_qs(address.query))
            with server.lock:
                server.requests.append(request)
                server.under_way += 1
                server.most_at_once = max(server.most_at_once, server.under_way)
                server._wake.notify_all()
                fault = server._fault(request)
            try:
                self.answer_to(request, body, fault)
            finally:
                with server.lock:
                    server.under_way -= 1

        def answer_to(self, request: Request, body: str, fault: Fault | None) -> None:
            if fault is not None:
                time.sleep(fault.delay)
                if fault.gate is not None:
                    fault.gate.wait(60)
            answer = None
            if fault is None or fault.after or not (fault.status or fault.drop):
                try:
                    server._answer(request, body, dict(self.headers))
                except Answer as found:
                    answer = found
            if fault is not None and fault.status:
                answer = Answer(fault.status, fault.body, fault.headers)
            if answer is None or (fault is not None and fault.drop):
                self.close_connection = True
                return
            self._send(answer, truncate=fault is not None and fault.truncate)

        def _send(self, answer: Answer, *, truncate: bool) -> None:
            data = answer.text.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if answer.status != 204:
                self.wfile.write(data[: len(data) // 2] if truncate else data)
            self.close_connection = self.close_connection or truncate

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
