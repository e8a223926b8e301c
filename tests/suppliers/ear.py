"""A shop's ear: an address that suppliers call back, and what it heard."""

from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from quanyi.supply.port import Call

PATH = "/v1/suppliers/acme/notify"


class Ear:
    """Hears callbacks as a shop would. `deaf` answers 503 so often."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.deaf = 0
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                ear.calls.append(Call("POST", self.path, {}, headers, body))
                ear.deaf -= 1
                self.send_response(200 if ear.deaf < 0 else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}{PATH}"
        Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@contextmanager
def listening() -> Generator[Ear]:
    ear = Ear()
    try:
        yield ear
    finally:
        ear.http.shutdown()
        ear.http.server_close()
