"""How each provider's robot is spoken to, and what its answers mean.

- WeCom 企业微信, 群机器人配置说明 (https://developer.work.weixin.qq.com/document/path/91770): markdown of at most 4,096
  bytes, 20 messages a minute; codes by https://developer.work.weixin.qq.com/document/path/90455 (-1 busy, 45009 too
  many calls).
- DingTalk 钉钉, 自定义机器人接入 (https://open.dingtalk.com/document/group/custom-robot-access): 20 messages a minute,
  and ten minutes of silence for more (130101); signed, where the group asks for it, by `timestamp` (milliseconds) and
  `sign` in the address, HMAC-SHA256 of `timestamp\\nsecret` under the secret, in base64
  (https://open.dingtalk.com/document/robots/customize-robot-security-settings).
- Feishu 飞书, 自定义机器人使用指南 (https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot): 100 messages a
  minute, five a second, 20 KB; signed by `timestamp` (seconds) and `sign` in the body, HMAC-SHA256 of nothing under
  `timestamp\\nsecret`, in base64; 11232 when it is overloaded, 19021 for a wrong signature.

Code 0 is a yes. Everything else is a no that lasts, but for the codes listed here; what is no JSON is no answer.
"""

import hmac
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from json import dumps, loads
from typing import Any, Literal, cast
from urllib.parse import urlencode, urlsplit

from quanyi.bots.message import Line, Message
from quanyi.bots.settings import BotKind
from quanyi.secret import Secret

Outcome = Literal["told", "later", "refused", "unclear"]
"""`later`: certainly not told, and may be tried again; `refused`: never will be; `unclear`: nobody knows."""

A_MINUTE, TEN_MINUTES = 60, 600


@dataclass(frozen=True)
class Answer:
    """`code` is the provider's, or `http_502`; `wait` is how many seconds to say nothing at all."""

    outcome: Outcome
    code: str = ""
    wait: int = 0


@dataclass(frozen=True)
class Robot:
    """One provider. `busy` are codes of its answers that do not last, with the seconds to wait."""

    hosts: frozenset[str]
    path: str
    most_bytes: int
    body: Callable[[Message], dict[str, Any]]
    code: str
    busy: dict[int, int]
    signs: Literal["", "address", "body"]


def _wecom(message: Message) -> dict[str, Any]:
    return {"msgtype": "markdown", "markdown": {"content": _markdown(message, "\n")}}


def _dingtalk(message: Message) -> dict[str, Any]:
    return {"msgtype": "markdown", "markdown": {"title": message.title, "text": _markdown(message, "\n\n")}}


def _feishu(message: Message) -> dict[str, Any]:
    content = [[_tag(line)] for line in message.lines]
    return {"msg_type": "post", "content": {"post": {"zh_cn": {"title": message.title, "content": content}}}}


def _tag(line: Line) -> dict[str, str]:
    return {"tag": "a", "text": line.text, "href": line.link} if line.link else {"tag": "text", "text": line.text}


def _markdown(message: Message, between: str) -> str:
    lines = (f"[{line.text}]({line.link})" if line.link else line.text for line in message.lines)
    return between.join([f"**{message.title}**", *lines])


ROBOTS: dict[BotKind, Robot] = {
    "wecom": Robot(
        hosts=frozenset({"qyapi.weixin.qq.com"}),
        path="/cgi-bin/webhook/send",
        most_bytes=4096,
        body=_wecom,
        code="errcode",
        busy={-1: 10, 45009: A_MINUTE},
        signs="",
    ),
    "dingtalk": Robot(
        hosts=frozenset({"oapi.dingtalk.com"}),
        path="/robot/send",
        most_bytes=5000,
        body=_dingtalk,
        code="errcode",
        busy={-1: 10, 130101: TEN_MINUTES, 410100: TEN_MINUTES},
        signs="address",
    ),
    "feishu": Robot(
        hosts=frozenset({"open.feishu.cn", "open.larksuite.com"}),
        path="/open-apis/bot/v2/hook/",
        most_bytes=16_000,
        body=_feishu,
        code="code",
        busy={11232: A_MINUTE},
        signs="body",
    ),
}
"""DingTalk counts 5,000 characters; Feishu's 20 KB are those of the whole body."""


def fits(kind: BotKind, message: Message) -> bool:
    return len(_text(kind, message).encode()) <= ROBOTS[kind].most_bytes


def cut(kind: BotKind, message: Message) -> Message:
    """With as many of its lines as there is room for; the last, which is its link, always. Titles are short."""
    while not fits(kind, message) and len(message.lines) > 1:
        message = Message(message.title, (*message.lines[:-2], message.lines[-1]))
    return message


def request(
    kind: BotKind, address: Secret, secret: Secret | None, message: Message, now: datetime
) -> tuple[str, bytes]:
    """The address and the body to send. The address is a secret."""
    robot, url = ROBOTS[kind], address.reveal()
    body = robot.body(message)
    if secret and robot.signs == "address":
        at = str(int(now.timestamp() * 1000))
        signed = urlencode({"timestamp": at, "sign": dingtalk_signature(secret, at)})
        url = f"{url}{'&' if urlsplit(url).query else '?'}{signed}"
    if secret and robot.signs == "body":
        at = str(int(now.timestamp()))
        body = {"timestamp": at, "sign": feishu_signature(secret, at), **body}
    return url, dumps(body, ensure_ascii=False).encode()


def dingtalk_signature(secret: Secret, at: str) -> str:
    key = secret.reveal()
    return b64encode(hmac.digest(key.encode(), f"{at}\n{key}".encode(), "sha256")).decode()


def feishu_signature(secret: Secret, at: str) -> str:
    return b64encode(hmac.digest(f"{at}\n{secret.reveal()}".encode(), b"", "sha256")).decode()


def understood(kind: BotKind, status: int, raw: bytes) -> Answer:
    """What an answer means. Of its text nothing is kept."""
    robot = ROBOTS[kind]
    try:
        told: Any = loads(raw)
    except ValueError:
        told = None
    code = cast("dict[str, Any]", told).get(robot.code) if isinstance(told, dict) else None
    if not isinstance(code, int) or isinstance(code, bool) or 300 <= status < 400:
        return _by_status(status)
    if code == 0:
        return Answer("told")
    if status == 429 or code in robot.busy:
        return Answer("later", str(code), robot.busy.get(code, A_MINUTE))
    return Answer("refused", str(code))


def _by_status(status: int) -> Answer:
    """Of an answer that is not the provider's own. Behind a gateway that gave up, it may have been told."""
    code = f"http_{status}"
    if status == 429:
        return Answer("later", code, A_MINUTE)
    if status in (500, 502, 503):
        return Answer("later", code)
    return Answer("refused" if 300 <= status < 500 else "unclear", code)


def fault_in_address(kind: BotKind, address: Secret, *, anywhere: bool) -> str | None:
    """Why an address cannot be a bot's; None if it can. `anywhere`: any host will do, as a stage for trials has it."""
    try:
        url = urlsplit(address.reveal())
        port = url.port
    except ValueError:
        return "It cannot be read."
    if url.scheme not in ("https", "http") or not url.hostname or url.username or url.fragment:
        return "It is no web address."
    if not address.reveal().isascii() or any(sign <= " " for sign in address.reveal()):
        return "It has signs that no address has."
    robot = ROBOTS[kind]
    if anywhere:
        return None
    if url.scheme != "https" or port not in (None, 443) or url.hostname not in robot.hosts:
        return f"It must be https and at {' or '.join(sorted(robot.hosts))}."
    if not (url.path.startswith(robot.path) if robot.path.endswith("/") else url.path == robot.path):
        return f"Its path is {robot.path}."
    return None


def _text(kind: BotKind, message: Message) -> str:
    return dumps(_feishu(message), ensure_ascii=False) if kind == "feishu" else _markdown(message, "\n\n")
