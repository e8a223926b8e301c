"""The shop's public API as a tool uses it: over HTTP, with a key, trying again what is safe to try again."""

import json
import secrets
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Protocol

AGAIN = {429, 502, 503, 504}
TRIES = 8


class Refused(Exception):
    """The shop said no: `status` and its problem document."""

    def __init__(self, call: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{call}: {status} {json.dumps(problem, ensure_ascii=False)}")
        self.status = status
        self.code = problem.get("code")


class ShopApi(Protocol):
    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> dict[str, Any]:
        """The answer's JSON; `key` is the Idempotency-Key. Raises Refused."""
        ...

    def upload(self, url: str, fields: dict[str, str], content: bytes) -> None:
        """A form with the file last, to where an import said."""
        ...


@dataclass(frozen=True)
class HttpShop:
    """`credential` is an API key or an order's token."""

    api_url: str
    credential: str

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.credential}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        return json.loads(_sent(method, self.api_url + path, headers, content) or b"{}")

    def upload(self, url: str, fields: dict[str, str], content: bytes) -> None:
        boundary = secrets.token_hex(16)
        form = b"".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        )
        opening = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="keys"\r\n'
        file = f"{opening}Content-Type: application/octet-stream\r\n\r\n".encode() + content
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        _sent("POST", url, headers, form + file + f"\r\n--{boundary}--\r\n".encode())


def _sent(method: str, url: str, headers: dict[str, str], content: bytes | None) -> bytes:
    """Tries again when the shop was busy or did not answer: every call of this tool may be repeated."""
    call = f"{method} {url}"
    for left in range(TRIES - 1, -1, -1):
        try:
            request = urllib.request.Request(url, data=content, headers=headers, method=method)
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            if error.code not in AGAIN or not left:
                raise Refused(call, error.code, _problem(error.read())) from None
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            if not left:
                raise
        time.sleep(0.2 * 1.6 ** (TRIES - left))
    raise AssertionError("unreachable")


def _problem(body: bytes) -> dict[str, Any]:
    try:
        return json.loads(body)
    except ValueError:
        return {"detail": body[:500].decode(errors="replace")}
