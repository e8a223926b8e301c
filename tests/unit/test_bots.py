"""Bots' rules: what they tell, when, in which form, signed how, and what an answer means."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from quanyi.bots.hearing import hears, is_urgent
from quanyi.bots.message import Line, Message, Said, plain, together
from quanyi.bots.robots import (
    ROBOTS,
    Answer,
    cut,
    dingtalk_signature,
    fault_in_address,
    feishu_signature,
    fits,
    request,
    understood,
)
from quanyi.bots.settings import MOST_A_MINUTE, BotKind, BotTerms, QuietHours
from quanyi.events.model import AlertRaised, AlertRecovered, BooksDiffered, CaseOpened, OrderPaid
from quanyi.secret import Secret

NOW = datetime(2024, 11, 23, 4, 0, tzinfo=UTC)
ZONE = "Asia/Shanghai"
ALERT: dict[str, Any] = {
    "id": "E1",
    "at": NOW,
    "rev": 1,
    "alert": "stock_low~music~shared",
    "kind": "stock_low",
    "subject": "music#shared",
    "severity": "warning",
    "facts": {"left": 3, "reorder_at": 10},
    "opened_at": NOW,
}
RAISED = AlertRaised.model_validate({**ALERT, "why": "opened"})
OVER = AlertRecovered.model_validate(ALERT)
CASE = CaseOpened.model_construct(case="C1")
BOOKS = BooksDiffered.model_construct(day="2024-11-22")
TWO_LINES = Message("Stock is low: music", (Line("3 left"), Line("See to it", "https://console.example.com/a/1")))
ADDRESSES: dict[BotKind, str] = {
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=566cc69da782ec",
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/5e3d587e-d78e",
}
KINDS: list[BotKind] = ["wecom", "dingtalk", "feishu"]


def bot(**terms: Any) -> BotTerms:
    return BotTerms.model_validate({"kind": "wecom", "label": "desk", **terms})


@pytest.mark.parametrize(
    ("terms", "heard"),
    [
        ({}, [RAISED, OVER]),
        ({"recoveries": False}, [RAISED]),
        ({"alerts": ["balance_low"]}, []),
        ({"least_severity": "critical"}, []),
        ({"least_severity": "info"}, [RAISED, OVER]),
        ({"news": ["cases", "books"], "alerts": []}, [CASE, BOOKS]),
        ({"news": ["cases"], "enabled": False}, []),
    ],
)
def test_a_bot_tells_what_it_is_set_up_for(terms: dict[str, Any], heard: list[Any]) -> None:
    every = [RAISED, OVER, CASE, BOOKS, OrderPaid.model_construct()]
    assert [event for event in every if hears(bot(**terms), event)] == heard


def test_only_what_is_critical_and_not_over_is_urgent() -> None:
    assert not any(is_urgent(event) for event in (RAISED, OVER, CASE))
    assert is_urgent(RAISED.model_copy(update={"severity": "critical"}))
    assert not is_urgent(OVER.model_copy(update={"severity": "critical"}))


@pytest.mark.parametrize(
    ("starts", "ends", "here", "over"),
    [
        ("22:00", "08:00", "2026-11-23T21:59", None),
        ("22:00", "08:00", "2026-11-23T22:00", "2026-11-24T08:00"),
        ("22:00", "08:00", "2026-11-24T07:59", "2026-11-24T08:00"),
        ("22:00", "08:00", "2026-11-24T08:00", None),
        ("12:00", "14:00", "2026-11-24T13:00", "2026-11-24T14:00"),
        ("12:00", "14:00", "2026-11-24T14:00", None),
        ("00:00", "06:30", "2026-11-24T00:00", "2026-11-24T06:30"),
    ],
)
def test_quiet_hours_are_the_shops(starts: str, ends: str, here: str, over: str | None) -> None:
    china = timedelta(hours=8)
    quiet = QuietHours(starts=starts, ends=ends)
    found = quiet.ends_after(datetime.fromisoformat(f"{here}:00+08:00").astimezone(UTC), ZONE)
    assert found == (datetime.fromisoformat(f"{over}:00+08:00") if over else None)
    assert found is None or found.utcoffset() == china


@pytest.mark.parametrize("wrong", [("8:00", "22:00"), ("22:00", "24:00"), ("22:00", "22:00")])
def test_quiet_hours_must_be_hours(wrong: tuple[str, str]) -> None:
    with pytest.raises(ValidationError):
        QuietHours(starts=wrong[0], ends=wrong[1])


@pytest.mark.parametrize("kind", KINDS)
def test_no_bot_speaks_faster_than_its_provider_allows(kind: BotKind) -> None:
    most = MOST_A_MINUTE[kind]
    assert bot(kind=kind).pace == bot(kind=kind, per_minute=most).pace == most
    with pytest.raises(ValidationError):
        bot(kind=kind, per_minute=most + 1)


def test_signatures_are_those_of_the_providers_pages() -> None:
    """Made with openssl: `dgst -sha256 -hmac SECtest` of `timestamp\\nSECtest`; `-macopt hexkey:` of
    `timestamp\\nfeishu-secret` over nothing."""
    assert dingtalk_signature(Secret("SECtest"), "1732334400000") == "+e4GT9SaYAvueaAt7p4JxpD23fkh7R0umJBVLmdXxKI="
    assert feishu_signature(Secret("feishu-secret"), "1732334400") == "1HLj2uPA6uNFyyy3iaCdIjbLsWHsOgujvvJdoWXaTJs="


def test_each_robot_is_spoken_to_in_its_own_form() -> None:
    bodies, secret = dict[BotKind, tuple[str, Any]](), Secret("SECtest")
    for kind in KINDS:
        url, raw = request(kind, Secret(ADDRESSES[kind]), secret, TWO_LINES, NOW)
        bodies[kind] = (url, json.loads(raw))
    url, body = bodies["wecom"]
    assert url == ADDRESSES["wecom"]
    text = "**Stock is low: music**\n3 left\n[See to it](https://console.example.com/a/1)"
    assert body == {"msgtype": "markdown", "markdown": {"content": text}}
    url, body = bodies["dingtalk"]
    signed = "&timestamp=1732334400000&sign=%2Be4GT9SaYAvueaAt7p4JxpD23fkh7R0umJBVLmdXxKI%3D"
    assert url == ADDRESSES["dingtalk"] + signed
    assert body == {
        "msgtype": "markdown",
        "markdown": {"title": "Stock is low: music", "text": text.replace("\n", "\n\n")},
    }
    url, body = bodies["feishu"]
    assert url == ADDRESSES["feishu"]
    assert (body.pop("timestamp"), body.pop("sign")) == (
        "1732334400",
        feishu_signature(Secret("SECtest"), "1732334400"),
    )
    link = {"tag": "a", "text": "See to it", "href": "https://console.example.com/a/1"}
    post = {"zh_cn": {"title": "Stock is low: music", "content": [[{"tag": "text", "text": "3 left"}], [link]]}}
    assert body == {"msg_type": "post", "content": {"post": post}}


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_secret_nothing_is_signed(kind: BotKind) -> None:
    url, raw = request(kind, Secret(ADDRESSES[kind]), None, TWO_LINES, NOW)
    assert url == ADDRESSES[kind]
    assert b"sign" not in raw


@pytest.mark.parametrize(
    ("kind", "status", "raw", "answer"),
    [
        ("wecom", 200, b'{"errcode":0,"errmsg":"ok"}', Answer("told")),
        ("wecom", 200, b'{"errcode":45009,"errmsg":"api freq out of limit"}', Answer("later", "45009", 60)),
        ("wecom", 200, b'{"errcode":-1,"errmsg":"busy"}', Answer("later", "-1", 10)),
        ("wecom", 200, b'{"errcode":93000,"errmsg":"invalid webhook url"}', Answer("refused", "93000")),
        ("dingtalk", 200, b'{"errcode":0,"errmsg":"ok"}', Answer("told")),
        ("dingtalk", 200, b'{"errcode":130101,"errmsg":"send too fast"}', Answer("later", "130101", 600)),
        ("dingtalk", 200, b'{"errcode":310000,"errmsg":"sign not match"}', Answer("refused", "310000")),
        ("feishu", 200, b'{"code":0,"msg":"success","data":{}}', Answer("told")),
        ("feishu", 200, b'{"code":11232,"msg":"frequency limited"}', Answer("later", "11232", 60)),
        ("feishu", 400, b'{"code":19021,"msg":"sign match fail"}', Answer("refused", "19021")),
        ("feishu", 400, b'{"code":9499,"msg":"Bad Request"}', Answer("refused", "9499")),
        ("feishu", 429, b'{"code":1,"msg":"?"}', Answer("later", "1", 60)),
        ("wecom", 200, b"<html>sign in</html>", Answer("unclear", "http_200")),
        ("wecom", 200, b'{"errcode":"0"}', Answer("unclear", "http_200")),
        ("wecom", 200, b'{"errcode":false}', Answer("unclear", "http_200")),
        ("wecom", 200, b"[]", Answer("unclear", "http_200")),
        ("wecom", 200, b"\xff\xfe", Answer("unclear", "http_200")),
        ("wecom", 302, b"", Answer("refused", "http_302")),
        ("wecom", 307, b'{"errcode":0}', Answer("refused", "http_307")),
        ("wecom", 404, b"<html>", Answer("refused", "http_404")),
        ("wecom", 429, b"<html>", Answer("later", "http_429", 60)),
        ("wecom", 502, b"<html>", Answer("later", "http_502")),
        ("wecom", 504, b"<html>", Answer("unclear", "http_504")),
    ],
)
def test_an_answer_means_what_the_providers_pages_say(kind: BotKind, status: int, raw: bytes, answer: Answer) -> None:
    assert understood(kind, status, raw) == answer


@given(st.binary(max_size=200), st.sampled_from(KINDS), st.integers(200, 599))
def test_no_answer_breaks_anything(raw: bytes, kind: BotKind, status: int) -> None:
    assert understood(kind, status, raw).outcome in ("told", "later", "refused", "unclear")


@pytest.mark.parametrize("kind", KINDS)
def test_in_production_only_the_providers_own_addresses_are_taken(kind: BotKind) -> None:
    good = ADDRESSES[kind]
    assert fault_in_address(kind, Secret(good), anywhere=False) is None
    host = min(ROBOTS[kind].hosts)
    others = [ADDRESSES[other] for other in KINDS if other != kind]
    wrong = [
        *others,
        good.replace("https://", "http://"),
        good.replace("https://", "https://me@"),
        good.replace(host, f"{host}.example.com"),
        good.replace(host, f"example.com/{host}"),
        good.replace(host, f"{host}:8443"),
        f"https://{host}/other?key=1",
        f"{good}#part",
        f"{good} x",
        f"{good}\r\nHost: x",
        f"{good}中",
        "https://[::1",
        "file:///etc/passwd",
        "x",
    ]
    assert [url for url in wrong if fault_in_address(kind, Secret(url), anywhere=False) is None] == []
    assert fault_in_address(kind, Secret("http://127.0.0.1:8080/x"), anywhere=True) is None
    assert [url for url in wrong[-6:] if fault_in_address(kind, Secret(url), anywhere=True) is None] == []


def test_what_a_supplier_says_neither_marks_nor_calls_anybody() -> None:
    told = plain("<@all> **[x](http://evil)** `y`\n@channel <font>")
    assert not set(told) & set("<>[]*`@\n")


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_is_cut_to_what_the_provider_takes_and_keeps_its_link(kind: BotKind) -> None:
    said = Said("Title", tuple("长" * 150 for _ in range(100)), "See", "https://console.example.com/a/1")
    long = said.alone()
    assert not fits(kind, long)
    short = cut(kind, long)
    assert fits(kind, short)
    assert short.lines[-1].link == said.link
    assert len(request(kind, Secret("https://x"), Secret("s"), short, NOW)[1]) < 20_000
    assert cut(kind, TWO_LINES) == TWO_LINES


def test_many_are_told_in_a_line_each() -> None:
    said = [Said(f"Title {n}", ("more",), "See", f"https://console.example.com/a/{n}") for n in range(3)]
    assert together(said, "zh-CN") == Message(
        "3 条新通知", tuple(Line(f"Title {n}", f"https://console.example.com/a/{n}") for n in range(3))
    )
