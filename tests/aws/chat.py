"""Chat groups of the three providers, played by a local HTTP server that checks addresses and signatures as they do."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATHS = {
    "wecom": "/cgi-bin/webhook/send?key=wecom-key",
    "dingtalk": "/robot/send?access_token=ding-token",
    "feishu": "/open-apis/bot/v2/hook/feishu-hook",
}
SIGNED_WITH = {"dingtalk": "SEC-of-ding", "feishu": "sec-of-feishu"}


@dataclass
class Chat:
    """`mood`: `answers`; a code to answer; `html`, `bad_gateway`, `elsewhere` (a redirect), `huge`; `deaf` (takes the
    message and says nothing)."""

    port: int = 0
    mood: str | int = "answers"
    said: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Provider and text of what came through."""
    asked: int = 0
    let_go: threading.Event = field(default_factory=threading.Event)

    def url(self, kind: str) -> str:
        return f"http://127.0.0.1:{self.port}{PATHS[kind]}"

    def texts(self) -> list[str]:
        return [text for _, text in self.said]

    def hear(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        self.asked += 1
        kind = next(kind for kind, known in PATHS.items() if path.startswith(known.partition("?")[0]))
        code = self.mood if isinstance(self.mood, int) else self._wrong(kind, path, body)
        match self.mood:
            case "html":
                return 200, b"<html><title>Please sign in</title></html>"
            case "bad_gateway":
                return 502, b"<html>Bad Gateway</html>"
            case "huge":
                return 200, b" " * 1_000_000
            case "deaf":
                self.said.append((kind, _text(kind, body)))
                self.let_go.wait(10)
                return 200, b""
            case _:
                if not code:
                    self.said.append((kind, _text(kind, body)))
                name = "code" if kind == "feishu" else "errcode"
                return 200, json.dumps({name: code, "errmsg": "ok" if not code else "no"}).encode()

    def _wrong(self, kind: str, path: str, body: dict[str, Any]) -> int:
        given = parse_qs(urlsplit(path).query)
        match kind:
            case "wecom":
                return 0 if given["key"] == ["wecom-key"] and len(_text(kind, body).encode()) <= 4096 else 93000
            case "dingtalk":
                secret = SIGNED_WITH[kind]
                at = given.get("timestamp", [""])[0]
                made = hmac.new(secret.encode(), f"{at}\n{secret}".encode(), hashlib.sha256).digest()
                return 0 if given.get("sign") == [base64.b64encode(made).decode()] else 310000
            case _:
                key = f"{body.get('timestamp')}\n{SIGNED_WITH[kind]}"
                made = hmac.new(key.encode(), b"", hashlib.sha256).digest()
                return 0 if body.get("sign") == base64.b64encode(made).decode() else 19021


def _text(kind: str, body: dict[str, Any]) -> str:
    match kind:
        case "wecom":
            return body["markdown"]["content"]
        case "dingtalk":
            return body["markdown"]["text"]
        case _:
            post = body["content"]["post"]["zh_cn"]
            return "\n".join([post["title"], *(f"{tag['text']} {tag.get('href', '')}" for (tag,) in post["content"])])


@contextmanager
def chatting() -> Generator[Chat]:
    chat = Chat()

    class Group(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, raw = chat.hear(self.path, body)
            if chat.mood == "elsewhere":
                self.send_response(307)
                self.send_header("Location", self.path)
            else:
                self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            try:
                self.wfile.write(raw)
            except OSError:
                return

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Group) as server:
        server.daemon_threads = True
        chat.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield chat
        finally:
            chat.let_go.set()
            server.shutdown()
