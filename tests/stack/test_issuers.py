"""A third party's card, deployed: its use confirmed by an issuer on another port, who is silent, agrees, refuses."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps, loads
from secrets import token_hex
from threading import Thread
from time import time
from typing import Any

import pytest

from quanyi.secret import Secret
from quanyi.signed import signature
from tests.stack.shop import Answer, Shop, Store, number


class Issuer(ThreadingHTTPServer):
    """Redeems any card but `blocked`, once for each request. While it is `silent` its answers are not signed, which is
    no answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counter)
        self.secret = Secret(token_hex(16))
        self.silent = False
        self.blocked = ""
        self.heard: list[dict[str, Any]] = []
        self.done: dict[str, dict[str, Any]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def redeem(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.heard.append(asked)
        refused = {"outcome": "failed", "reason": "blocked"}
        said = refused if asked["number"] == self.blocked else {"outcome": "succeeded"}
        return self.done.setdefault(asked["request"], {"request": asked["request"], **said})


class Counter(BaseHTTPRequestHandler):
    @property
    def issuer(self) -> Issuer:
        assert isinstance(self.server, Issuer)
        return self.server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(body, lambda: (200, self.issuer.redeem(loads(body))))

    def do_GET(self) -> None:
        request = self.path.rpartition("/")[2]
        done = self.issuer.done.get(request)
        self._answer(b"", lambda: (200, done) if done else (404, {"request": request}))

    def _answer(self, body: bytes, found: Any) -> None:
        secret = self.issuer.secret
        asked = signature(secret, self.headers["Quanyi-Timestamp"], self.command, self.path, body)
        if self.headers["Quanyi-Signature"] != asked:
            self.send_error(401)
            return
        status, said = found()
        raw, at = dumps(said).encode(), str(int(time()))
        self.send_response(status)
        if not self.issuer.silent:
            self.send_header("Quanyi-Timestamp", at)
            self.send_header("Quanyi-Signature", signature(secret, at, str(status), self.path, raw))
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Cards' numbers are not for a log, and nobody reads this one."""


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_issuer_confirms_a_card_that_was_sold(shop: Shop, site: Store, issuer: Issuer) -> None:
    name = number("i")
    terms = {"issuer": name, "endpoint": issuer.url, "key_id": "shop-1", "version": 0}
    shop.admin("PUT", f"/issuers/{name}", terms).must()
    sku = shop.sku(issuer=name)
    shop.stock(sku, 2)
    _, (card, other) = site.buy(sku, 2)
    issuer.blocked = other
    store = number("S")
    shop.admin("PUT", f"/stores/{store}", {"name": store, "region": "shanghai", "version": 0}).must()
    till = shop.new_key("counter", stores=[store])["key"]

    def confirm(code: str, key: str) -> Answer:
        return shop.wire.send("POST", f"/v1/issuers/{name}/redemptions", {"code": code}, credential=till, key=key)

    assert confirm(card, "k1").refuses(409, "conflict")["reason"] == "credentials_missing"
    shop.admin("PUT", f"/issuers/{name}/credentials", {"secret": issuer.secret.reveal()}, number()).must()

    issuer.silent = True
    waiting = confirm(card, "k1").must(202)
    assert waiting["state"] == "confirming"
    assert confirm(card, "k2").refuses(409, "conflict")["reason"] == "confirming"
    issuer.silent = False
    done = confirm(card, "k1").must(201)
    assert (done["id"], done["state"], done["store"]) == (waiting["id"], "redeemed", store)
    assert confirm(card, "k1").must(201) == done
    assert [one["number"] for one in issuer.heard] == [card]
    assert confirm(card, "k2").refuses(409, "conflict")["state"] == "redeemed"
    assert confirm(other, "k3").refuses(409, "issuer_refused")["reason"] == "blocked"
    confirm("QYNOBODY0000", "k4").refuses(404, "voucher_unknown")
