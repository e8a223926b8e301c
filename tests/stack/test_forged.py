"""Notifications that are not genuine: refused with what their provider takes for a no, to the byte; nothing changes,
and each is counted."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.stack.books import Books
from tests.stack.provider import Notice
from tests.stack.provider import Provider as Sandbox
from tests.stack.psp import Psp, form_of
from tests.stack.psps import AlipayPsp, WechatPsp
from tests.stack.shop import Order, Shop, Store, until

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Till:
    """Two orders at one provider, both paid, and nothing of it told yet."""

    psp: Psp
    sku: str
    orders: tuple[Order, Order]
    payments: tuple[str, str]


@pytest.fixture(scope="module")
def tills(shop: Shop, site: Store, psps: dict[str, Psp], provider: Sandbox) -> dict[str, Till]:
    provider.signed(b"")  # the sandbox's key is made when it is first needed
    return {name: _till(shop, site, psp) for name, psp in psps.items()}


def _till(shop: Shop, site: Store, psp: Psp) -> Till:
    sku = shop.sku()
    shop.stock(sku, 2)
    orders = (site.place(sku), site.place(sku))
    return Till(psp, sku, orders, (psp.paid(site, orders[0]), psp.paid(site, orders[1])))


@pytest.fixture
def till(tills: dict[str, Till], psp: Psp) -> Till:
    return tills[psp.name]


@pytest.fixture
def _nothing_changes(till: Till, books: Books) -> Iterator[None]:
    before = books.everything()
    yield
    after = books.everything()
    ours = (till.sku, *till.payments, *(order.id for order in till.orders))
    for table in before:
        old, new = before[table], after[table]
        changed = [key for key in old.keys() | new if old.get(key) != new.get(key)]
        # Orders of other tests may still be on their way; nothing of these may be there, nor anything new.
        mine = [key for key in changed if key not in old or any(name in f"{key} {new.get(key)}" for name in ours)]
        assert not mine, f"{table}: {mine}"


def strangers_key(psp: Psp, psps: dict[str, Psp]) -> Any:
    """What another provider really signs with, in the form that this one's signatures need."""
    alipay, wechat = psps["alipay"], psps["wechat"]
    assert isinstance(alipay, AlipayPsp)
    assert isinstance(wechat, WechatPsp)
    keys = {
        "alipay": wechat.server.ledger.keys.platform,
        "wechat": alipay.server.pairs[0].alipay,
        "stripe": wechat.server.ledger.keys.api_v3_key,
    }
    return keys[psp.name]


@pytest.mark.usefixtures("_nothing_changes")
def test_what_strangers_send(shop: Shop, till: Till, psps: dict[str, Psp], function_log: Path) -> None:
    psp = till.psp
    forgeries = psp.forgeries(*till.payments, strangers_key(psp, psps))
    before = counted(function_log)
    for what, notice in forgeries.items():
        answer = notice.send(shop.wire, psp.path)
        assert form_of(answer) == (401, *psp.refusal("notification_refused")), what
    name = f"ForgedNotification {psp.name}"
    until(lambda: counted(function_log)[name] >= before[name] + len(forgeries))
    assert counted(function_log) - before == Counter({name: len(forgeries), "ForgedNotification": len(forgeries)})


@pytest.mark.usefixtures("_nothing_changes")
def test_genuine_notifications_of_another_provider(
    shop: Shop, till: Till, tills: dict[str, Till], provider: Sandbox
) -> None:
    """Each is signed as it should be, for somebody else's address."""
    psp = till.psp
    strays = {name: it.psp.notices(it.payments[0]) for name, it in tills.items() if it is not till}
    strays["sandbox"] = [provider.notice(till.orders[0], till.payments[0])]
    for name, notices in strays.items():
        for notice in notices:
            status, kind, body = form_of(notice.send(shop.wire, psp.path))
            code = {400: "malformed_request", 401: "notification_refused"}[status]
            assert (kind, body) == psp.refusal(code), name


@pytest.mark.usefixtures("_nothing_changes")
@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"\xff\xfe", b"a=b&a=c", b"[" * 5000])
def test_what_is_no_notification_at_all(shop: Shop, till: Till, body: bytes) -> None:
    """Also under the genuine one's headers."""
    headers = till.psp.notices(till.payments[0])[0].headers
    for sent in (JSON, headers):
        status, kind, said = form_of(Notice(sent, body).send(shop.wire, till.psp.path))
        code = {400: "malformed_request", 401: "notification_refused"}[status]
        assert (kind, said) == till.psp.refusal(code)


def test_wechats_own_probes_raise_no_alarm(
    shop: Shop, tills: dict[str, Till], books: Books, function_log: Path
) -> None:
    till = tills["wechat"]
    assert isinstance(till.psp, WechatPsp)
    before, kept = counted(function_log), [books.order(order) for order in till.orders]
    for _ in range(3):
        answer = till.psp.probe(till.payments[0]).send(shop.wire, till.psp.path)
        assert form_of(answer) == (401, *till.psp.refusal("notification_refused"))
    until(lambda: counted(function_log)["ProbeRefused wechat"] >= before["ProbeRefused wechat"] + 3)
    assert counted(function_log) - before == Counter({"ProbeRefused wechat": 3, "ProbeRefused": 3})
    assert [books.order(order) for order in till.orders] == kept


def test_a_genuine_one_is_taken_after_all_that(shop: Shop, site: Store, till: Till) -> None:
    """So it was the forgery that was refused."""
    for order, payment in zip(till.orders, till.payments, strict=True):
        till.psp.tell(shop.wire, payment)
        site.reaches(order, "fulfilled")


def counted(function_log: Path) -> Counter[str]:
    """The metrics that functions have counted so far, in all and by provider."""
    found: Counter[str] = Counter()
    for line in function_log.read_text(errors="replace").splitlines():
        if "ForgedNotification" in line or "ProbeRefused" in line:
            told: dict[str, Any] = json.loads(json.loads(line)["message"])
            for metric in told["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                found[f"{metric['Name']} {told.get('provider', '')}".strip()] += int(sum(told[metric["Name"]]))
    return found
