"""The edge's server: pages from `web/dist`, the API of the shop that `stack.json` tells of, and `/config.json`."""

from functools import lru_cache
from gzip import compress
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools.local.edge.pages import ASKED_AGAIN, BUILT, CONFIG, headers, is_api, kind_of, page_of
from tools.local.stack import Stack

CHANNEL = "site"
"""The demo's channel that the shop's pages sell in."""
API_SECONDS = 30
IDLE_SECONDS = 60
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "te", "trailer", "upgrade"})
NOT_PASSED_ON = HOP_BY_HOP | {"host", "expect"}
LEAST_PACKED = 1024
MOST_SENT = 10 * 2**20
"""As the gateway's."""
TEXT = "text/plain; charset=utf-8"
PROBLEM = "application/problem+json"


class Edge(ThreadingHTTPServer):
    """On 127.0.0.1. `stack_file` is read with each call: a deployment may move the API, and a demo makes keys."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, stack_file: Path, built: Path = BUILT, channel: str = CHANNEL) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.stack_file = stack_file
        self.built = built
        self.channel = channel

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def stack(self) -> Stack:
        return Stack.read(self.stack_file)

    def config(self) -> dict[str, Any]:
        """What `web/shared/config.ts` describes."""
        stack = self.stack()
        return {
            "channel": self.channel,
            "publishable_key": stack.keys.get("publishable", {}).get(self.channel, ""),
            "sandbox": True,
            "zone": stack.outputs["ShopTimeZone"],
            "shop": {"title": {"zh-CN": "权益演示店", "en": "Quanyi demo shop"}, "help": "mailto:shop@example.com"},
        }

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closed its connection meanwhile is nobody's fault."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "edge"
    sys_version = ""
    timeout = IDLE_SECONDS
    server: Edge  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        path = urlsplit(self.path).path if self.path.startswith("/") else "/"
        if is_api(path):
            self._pass_on()
        elif path == f"/{CONFIG}":
            self._send(200, kind_of(CONFIG), ASKED_AGAIN, dumps(self.server.config(), ensure_ascii=False).encode())
        elif page := page_of(path, self.server.built):
            self._send(200, page.kind, page.cache, page.path.read_bytes())
        elif not self.server.built.is_dir():
            self._send(503, TEXT, ASKED_AGAIN, b"The pages are not built: `make web` does it.\n")
        else:
            self._send(404, TEXT, ASKED_AGAIN, b"There is no such page.\n")

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def _api_only(self) -> None:
        if is_api(self.path):
            self._pass_on()
        else:
            # What was sent along stays unread: the next call on this connection would begin in it.
            self.close_connection = True
            self._send(405, TEXT, ASKED_AGAIN, b"Pages are only read.\n", Allow="GET, HEAD")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _api_only  # noqa: N815

    def _send(self, status: int, kind: str, cache: str, body: bytes, **more: str) -> None:
        tag = f'"{sha256(body).hexdigest()[:32]}"'
        known = status == 200 and tag in self.headers.get("If-None-Match", "")
        self.send_response(304 if known else status)
        self._send_headers({**more, "Cache-Control": cache, "ETag": tag, "Vary": "Accept-Encoding"})
        if known:
            self.end_headers()
            return
        self.send_header("Content-Type", kind)
        if len(body) >= LEAST_PACKED and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = _packed(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self._finish(body)

    def _pass_on(self) -> None:
        """To the API, byte for byte, and its answer back."""
        told = self.headers.get("Content-Length") or "0"
        if not told.isdecimal() or "Transfer-Encoding" in self.headers:
            self._refuse(411, "malformed_request", "Send a Content-Length.")
        elif int(told) > MOST_SENT:
            self._refuse(413, "body_too_large", f"At most {MOST_SENT} bytes.")
        else:
            body = self.rfile.read(int(told))
            there = urlsplit(self.server.stack().api_url)
            link = HTTPConnection(there.hostname or "", there.port, timeout=API_SECONDS)
            try:
                answer = self._ask(link, there.path + self.path, body)
                found = answer.read()
            except (OSError, HTTPException):
                self._refuse(502, "internal_fault", "The API does not answer.", Retry_After="1")
            else:
                self._hand_back(answer, found)
            finally:
                link.close()

    def _ask(self, link: HTTPConnection, target: str, body: bytes) -> HTTPResponse:
        link.putrequest(self.command, target, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in NOT_PASSED_ON:
                link.putheader(name, value)
        if body or self.command in ("POST", "PUT", "PATCH"):
            link.putheader("Content-Length", str(len(body)))
        link.endheaders(body or None)
        return link.getresponse()

    def _hand_back(self, answer: HTTPResponse, body: bytes) -> None:
        """With the pages' headers: an answer of the API is never a page that may do something on this origin."""
        own = headers(self.server.stack().aws_endpoint_url)
        kept = HOP_BY_HOP | {name.lower() for name in own}
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in kept:
                self.send_header(name, value)
        self._send_headers({})
        if answer.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self._finish(body)

    def _refuse(self, status: int, code: str, detail: str, **more: str) -> None:
        self.close_connection = True
        body = dumps({"type": "about:blank", "status": status, "code": code, "detail": detail}).encode()
        self._send(status, PROBLEM, "no-store", body, **{name.replace("_", "-"): text for name, text in more.items()})

    def _send_headers(self, more: dict[str, str]) -> None:
        for name, value in {**more, **headers(self.server.stack().aws_endpoint_url)}.items():
            self.send_header(name, value)

    def _finish(self, body: bytes) -> None:
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_response(self, code: int, message: str | None = None) -> None:
        """Without a `Server` and a `Date` of its own: an answer of the API brings its own."""
        self.send_response_only(code, message)
        if self.close_connection:
            self.send_header("Connection", "close")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: an address may be somebody's."""


@lru_cache(64)
def _packed(body: bytes) -> bytes:
    return compress(body, mtime=0)
