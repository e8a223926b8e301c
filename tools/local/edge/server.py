"""The edge's server: pages from `web/dist`, the API of the shop that `stack.json` tells of, and `/config.json`."""

from gzip import compress
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools.local.edge.pages import ASKED_AGAIN, BUILT, headers, is_api, page_of
from tools.local.stack import Stack

CHANNEL = "site"
"""The demo's channel that the shop's pages sell in."""
API_SECONDS = 30
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host", "te", "upgrade"})
LEAST_PACKED = 1024
MOST_SENT = 10 * 2**20
"""As the gateway's."""


class Edge(ThreadingHTTPServer):
    """On 127.0.0.1. `stack_file` is read with each call: a deployment may move the API, and a demo makes keys."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, stack_file: Path, built: Path = BUILT) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.stack_file = stack_file
        self.built = built

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def stack(self) -> Stack:
        return Stack.read(self.stack_file)

    def config(self) -> dict[str, Any]:
        """What `web/shared/config.ts` describes."""
        return {
            "channel": CHANNEL,
            "publishable_key": self.stack().keys.get("publishable", {}).get(CHANNEL, ""),
            "sandbox": True,
            "shop": {"title": {"zh-CN": "权益演示店", "en": "Quanyi demo shop"}, "help": "mailto:shop@example.com"},
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Edge  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        if is_api(self.path):
            self._pass_on()
        elif urlsplit(self.path).path == "/config.json":
            self._send(200, "application/json", ASKED_AGAIN, dumps(self.server.config(), ensure_ascii=False).encode())
        elif page := page_of(self.path, self.server.built):
            self._send(200, page.kind, page.cache, page.path.read_bytes())
        else:
            self._send(404, "text/plain; charset=utf-8", ASKED_AGAIN, b"There is no such page.\n")

    do_HEAD = do_GET

    def _api_only(self) -> None:
        if is_api(self.path):
            self._pass_on()
        else:
            self._send(405, "text/plain; charset=utf-8", ASKED_AGAIN, b"Pages are only read.\n")

    do_POST = do_PUT = do_PATCH = do_DELETE = _api_only

    def _send(self, status: int, kind: str, cache: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", cache)
        for name, value in headers(self.server.stack().aws_endpoint_url).items():
            self.send_header(name, value)
        if len(body) >= LEAST_PACKED and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _pass_on(self) -> None:
        """To the API, byte for byte, and its answer back."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > MOST_SENT:
            self.close_connection = True
            self._send(413, "text/plain; charset=utf-8", ASKED_AGAIN, b"Too large.\n")
            return
        body = self.rfile.read(length) if length else None
        there = urlsplit(self.server.stack().api_url)
        sent = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        link = HTTPConnection(there.hostname or "", there.port, timeout=API_SECONDS)
        try:
            link.request(self.command, there.path + self.path, body, sent)
            answer = link.getresponse()
            told = answer.read()
        except (OSError, HTTPException):
            self._send(502, "text/plain; charset=utf-8", ASKED_AGAIN, b"The API does not answer.\n")
            return
        finally:
            link.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: an address may be somebody's."""
