"""The local edge over HTTP: pages with their headers, and the API behind it byte for byte."""

import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools.local.edge.pages import headers
from tools.local.edge.server import MOST_SENT, Edge
from tools.local.stack import Stack

SCRIPT = "export const answer = 42;\n" * 100
UPLOADS = "http://127.0.0.1:1"


@dataclass
class Api:
    """A stand-in of the gateway: what it was asked, and what it answers next."""

    asked: list[tuple[str, str, list[tuple[str, str]], bytes]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    body: bytes = b"{}"
    port: int = 0


@pytest.fixture
def api() -> Iterator[Api]:
    known = Api()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            known.asked.append((self.command, self.path, self.headers.items(), self.rfile.read(length)))
            self.send_response_only(known.status)
            for name, value in known.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(known.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield known
        server.shutdown()


@pytest.fixture
def edge(api: Api, tmp_path: Path) -> Iterator[Edge]:
    built = tmp_path / "dist"
    for name, text in {"index.html": "shop", "claim/index.html": "claim", "assets/shop-1.js": SCRIPT}.items():
        (built / name).parent.mkdir(parents=True, exist_ok=True)
        (built / name).write_text(text)
    stack = Stack(
        f"http://127.0.0.1:{api.port}/_aws/a/local",
        UPLOADS,
        keys={"publishable": {"site": "qy_pub"}},
        outputs={"ShopTimeZone": "Asia/Tokyo"},
    )
    stack.write(tmp_path / "stack.json")
    with Edge(0, tmp_path / "stack.json", built) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server
        server.shutdown()


def ask(edge: Edge, method: str, path: str, sent: bytes | None = None, **headers: str) -> tuple[HTTPResponse, bytes]:
    link = HTTPConnection("127.0.0.1", edge.server_address[1], timeout=10)
    link.request(method, path, sent, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = link.getresponse()
    body = answer.read()
    link.close()
    return answer, body


def of(answer: HTTPResponse) -> dict[str, str]:
    return dict(answer.getheaders())


PATHS = ["/", "/claim/O1?lang=en", "/assets/shop-1.js", "/config.json", "/no-such.js", "/v1/products"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers_and_no_cookie(edge: Edge, path: str) -> None:
    answer, _ = ask(edge, "GET", path)
    told = headers(UPLOADS)
    assert {name: value for name, value in of(answer).items() if name in told} == told
    assert "Set-Cookie" not in of(answer)
    assert f"connect-src 'self' {UPLOADS};" in of(answer)["Content-Security-Policy"]


def test_pages(edge: Edge) -> None:
    answer, body = ask(edge, "GET", "/claim/O1")
    assert (answer.status, body, of(answer)["Cache-Control"]) == (200, b"claim", "no-cache")
    answer, body = ask(edge, "GET", "/no-such.js")
    assert (answer.status, of(answer)["Content-Type"]) == (404, "text/plain; charset=utf-8")


def test_what_the_pages_have_to_know(edge: Edge) -> None:
    answer, body = ask(edge, "GET", "/config.json")
    told = json.loads(body)
    assert (told["publishable_key"], told["zone"]) == ("qy_pub", "Asia/Tokyo")
    assert of(answer)["Cache-Control"] == "no-cache"


def test_large_answers_are_packed_where_that_is_understood(edge: Edge) -> None:
    packed, body = ask(edge, "GET", "/assets/shop-1.js", Accept_Encoding="br, gzip")
    assert (of(packed)["Content-Encoding"], of(packed)["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(body).decode() == SCRIPT
    plain, body = ask(edge, "GET", "/assets/shop-1.js")
    assert ("Content-Encoding" not in of(plain), body.decode()) == (True, SCRIPT)


def test_head_is_get_without_the_body(edge: Edge) -> None:
    whole, _ = ask(edge, "GET", "/")
    head, body = ask(edge, "HEAD", "/")
    assert (head.status, body) == (200, b"")
    assert of(head) == of(whole)


def test_a_page_that_is_known_is_not_sent_again(edge: Edge) -> None:
    answer, _ = ask(edge, "GET", "/")
    again, body = ask(edge, "GET", "/", If_None_Match=of(answer)["ETag"])
    assert (again.status, body) == (304, b"")
    other, body = ask(edge, "GET", "/", If_None_Match='"another"')
    assert (other.status, body) == (200, b"shop")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_pages_are_only_read(edge: Edge, api: Api, method: str) -> None:
    answer, _ = ask(edge, method, "/claim/O1", b"x" * 100)
    assert (answer.status, of(answer)["Allow"]) == (405, "GET, HEAD")
    assert api.asked == []


def test_pages_that_are_not_built_say_so(edge: Edge, tmp_path: Path) -> None:
    edge.built = tmp_path / "nowhere"
    answer, body = ask(edge, "GET", "/")
    assert (answer.status, body) == (503, b"The pages are not built: `make web` does it.\n")


def test_a_call_goes_to_the_api_as_it_is(edge: Edge, api: Api) -> None:
    sent = bytes(range(256)) + "卡密".encode()
    answer, body = ask(
        edge, "POST", "/v1/orders?a=%2F&b=1", sent, Authorization="Bearer qy_x", Idempotency_Key="k", Origin=edge.url
    )
    (method, path, told, got), *more = api.asked
    assert (answer.status, body, more) == (200, b"{}", [])
    assert (method, path, got) == ("POST", "/_aws/a/local/v1/orders?a=%2F&b=1", sent)
    known = {name.lower(): value for name, value in told}
    assert (known["authorization"], known["idempotency-key"], known["origin"]) == ("Bearer qy_x", "k", edge.url)
    assert known["host"] == f"127.0.0.1:{api.port}", "the gateway knows itself by its own name only"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_all_methods_reach_the_api(edge: Edge, api: Api, method: str) -> None:
    ask(edge, method, "/api/v1/upstream/ping")
    assert [asked[:2] for asked in api.asked] == [(method, "/_aws/a/local/api/v1/upstream/ping")]


@pytest.mark.parametrize("status", [201, 304, 400, 401, 404, 409, 429, 500, 503])
def test_an_answer_comes_back_as_it_is(edge: Edge, api: Api, status: int) -> None:
    api.status, api.body = status, b"" if status == 304 else gzip.compress(b'{"code":"x"}')
    api.headers = {"Content-Type": "application/problem+json", "Retry-After": "7", "Cache-Control": "no-store"}
    api.headers |= {"Content-Encoding": "gzip"}
    answer, body = ask(edge, "GET", "/v1/orders/O1")
    assert (answer.status, body) == (status, api.body)
    assert of(answer) | api.headers == of(answer)


def test_a_connection_is_kept_from_call_to_call(edge: Edge) -> None:
    link = HTTPConnection("127.0.0.1", edge.server_address[1], timeout=10)
    link.connect()
    socket = link.sock
    for method, path, body in (("GET", "/", None), ("POST", "/v1/orders", b"{}"), ("GET", "/claim/", None)):
        link.request(method, path, body)
        link.getresponse().read()
    assert link.sock is socket
    link.close()


def test_an_api_that_is_gone(edge: Edge, tmp_path: Path) -> None:
    Stack("http://127.0.0.1:1/_aws", UPLOADS).write(tmp_path / "stack.json")
    answer, body = ask(edge, "GET", "/v1/products")
    assert (answer.status, json.loads(body)["code"], of(answer)["Retry-After"]) == (502, "internal_fault", "1")


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"Content_Length": str(MOST_SENT + 1)}, 413),
        ({"Transfer_Encoding": "chunked"}, 411),
        ({"Content_Length": "-1"}, 411),
    ],
)
def test_what_cannot_be_passed_on_is_refused(edge: Edge, api: Api, told: dict[str, Any], status: int) -> None:
    answer, body = ask(edge, "POST", "/v1/orders", None, **told)
    assert (answer.status, of(answer)["Connection"], api.asked) == (status, "close", [])
    assert json.loads(body)["status"] == status
