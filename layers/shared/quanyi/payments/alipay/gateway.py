"""Alipay's gateway: signed questions, verified answers (https://docs.open.alipay.com/200/106120).

`python-alipay-sdk` builds, signs and verifies; what it gets wrong is put right here:

- it stamps requests with the machine's local time: we pass China's;
- it sends everything in the URL, where proxies log it, and follows redirects: we post, and follow none;
- it finds the signed part of an answer by counting braces, also those within texts: we read it as JSON;
- its exceptions carry the whole answer: none of them leaves this module.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPMessage
from importlib import import_module
from json import JSONDecoder
from typing import IO, Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

from quanyi.clock import Clock, system_clock
from quanyi.payments.access import Access
from quanyi.payments.alipay.china_time import china_text
from quanyi.payments.alipay.keys import key_bytes
from quanyi.secret import Secret

ENDPOINT = "https://openapi.alipay.com/gateway.do"
MAX_ANSWER = 4 * 1024 * 1024
"""Bytes. A page of complaints stays far below."""
_COMMON = frozenset(
    ("app_id", "method", "charset", "sign_type", "timestamp", "version", "notify_url", "return_url", "sign")
)

Answer = Mapping[str, Any]
"""The signed part of an answer. Its `code` is `10000` for success; a refusal names its reason in `sub_code`."""


class Unclear(Exception):
    """No answer, none that is signed by Alipay, or one that says neither yes nor no. It carries no detail."""


def done(answer: Answer) -> bool:
    return answer.get("code") == "10000"


def reason(answer: Answer) -> str:
    """The refusal's name without the part that tells its system: `TRADE_NOT_EXIST`. Empty for anything but a business
    refusal (`40004`): only that says that nothing was done."""
    return str(answer.get("sub_code", "")).rpartition(".")[2].upper() if answer.get("code") == "40004" else ""


@dataclass(frozen=True)
class Gateway:
    access: Access
    clock: Clock = system_clock

    def address(self, method: str, content: Mapping[str, Any], **common: str) -> str:
        """A signed URL of the gateway that a shopper's browser opens. Raises Unclear when our keys cannot be read."""
        try:
            signer = self._newest
            return f"{self._endpoint}?{signer.sign_data(self._question(signer, method, content, common))}"
        except Exception:  # noqa: BLE001 - whatever the library raises; it may quote a key
            raise Unclear from None

    def ask(self, method: str, content: Mapping[str, Any], **common: str) -> Answer:
        """One call. `common` goes beside `biz_content`, as few methods want it. Raises Unclear."""
        try:
            signer = self._newest
            signed: str = signer.sign_data(self._question(signer, method, content, common))
            raw = self._post(signed).decode("utf-8")
            return self._believed(raw, f"{method.replace('.', '_')}_response")
        except Exception:  # noqa: BLE001 - library, network, bad answer: all the same to us, and none may be quoted
            raise Unclear from None

    def signed(self, fields: Mapping[str, str]) -> bool:
        """Whether Alipay signed these fields of a notification, under any live version of its key."""
        signature = fields.get("sign", "")
        if fields.get("sign_type") != "RSA2" or not signature:
            return False
        for signer in self._live:
            with suppress(Exception):  # the library raises for signatures that are not base64
                if signer.verify({name: text for name, text in fields.items() if name != "sign"}, signature):
                    return True
        return False

    def download(self, url: str, limit: int) -> bytes:
        """A file that a signed answer named. Raises Unclear."""
        if not url.startswith("https://") and not self.access.endpoint:
            raise Unclear
        try:
            return self._open(Request(url), limit)  # noqa: S310 - its scheme was looked at
        except Exception:  # noqa: BLE001 - as in `ask`
            raise Unclear from None

    @property
    def _endpoint(self) -> str:
        return self.access.endpoint or ENDPOINT

    def _question(self, signer: Any, method: str, content: Mapping[str, Any], common: Mapping[str, str]) -> Any:
        # A copy: the library turns dictionaries into text in place.
        return signer.build_body(method, dict(content), timestamp=china_text(self.clock()), **common)

    def _post(self, signed: str) -> bytes:
        """Common parameters in the URL and the rest in the body, as Alipay's own libraries do it."""
        parts = signed.split("&")
        common = "&".join(part for part in parts if part.partition("=")[0] in _COMMON)
        body = "&".join(part for part in parts if part.partition("=")[0] not in _COMMON)
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
        return self._open(Request(f"{self._endpoint}?{common}", body.encode(), headers), MAX_ANSWER)  # noqa: S310

    def _open(self, request: Request, limit: int) -> bytes:
        with build_opener(_Stay).open(request, timeout=self.access.timeout) as answer:
            body: bytes = answer.read(limit + 1)
        if len(body) > limit:
            raise Unclear
        return body

    def _believed(self, raw: str, name: str) -> Answer:
        for signer in self._live:
            with suppress(Exception):
                return signer._verify_and_return_sync_response(raw, name)
        raise Unclear

    @cached_property
    def _newest(self) -> Any:
        """What we sign with."""
        return _signer(self.access.account["app_id"], self.access.secrets[0])

    @cached_property
    def _live(self) -> tuple[Any, ...]:
        """What we believe."""
        known: list[Any] = []
        for version in self.access.secrets:
            with suppress(Exception):  # a version that cannot be read believes nothing
                known.append(_signer(self.access.account["app_id"], version))
        return tuple(known)


class _Stay(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """None: a gateway that sends us elsewhere has not answered."""


def _signer(app_id: str, version: Mapping[str, Secret]) -> Any:
    library: Any = import_module("alipay")
    signer = library.AliPay(
        appid=app_id,
        app_private_key_string=key_bytes(version["private_key"].reveal()),
        alipay_public_key_string=key_bytes(version["alipay_public_key"].reveal()),
        sign_type="RSA2",
    )
    # The library's own way counts braces, and a brace within a text misleads it. It has no public seam for this.
    signer._get_string_to_be_signed = _signed_part
    return signer


def _signed_part(raw: str, name: str) -> str:
    start = raw.index("{", raw.index(f'"{name}"'))
    _, end = JSONDecoder().raw_decode(raw, start)
    return raw[start:end]
