"""The local supplier itself: its books prove what was charged, and its faults come when they were asked for."""

import json
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from quanyi.secret import Secret
from quanyi.supply.port import Forged, Recharge, Wanted
from tests.suppliers.buyer import built, numbers
from tests.suppliers.ear import Ear, listening
from tools.local.suppliers.face import FACES
from tools.local.suppliers.faults import Faults, NoSuchFault
from tools.local.suppliers.goods import Refused
from tools.local.suppliers.process import SuppliersProcess
from tools.local.suppliers.server import SupplierServer
from tools.local.suppliers.shop import Shop

NOON = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


@pytest.fixture
def ear() -> Generator[Ear]:
    with listening() as ear:
        yield ear


@pytest.fixture
def server() -> Generator[SupplierServer]:
    with SupplierServer("quanyi", seed=5) as server:
        server.caller.gaps = (0.01, 0.01)
        yield server


def wanted(key: str, ear: Ear | None = None, **changes: Any) -> Wanted:
    made = Wanted(key, "video-30", 1, 2000, "CNY", ear.url if ear else "", datetime.now(UTC))
    return replace(made, **changes)


def test_a_key_is_charged_once_however_many_ask_at_once(server: SupplierServer) -> None:
    supplier = built(server)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: supplier.order(wanted("P1")), range(40)))
    assert len({tuple(numbers(answer.cards)) for answer in answers}) == 1
    assert server.shop.asked["P1"] == 40
    assert (server.shop.charged("P1"), server.shop.charged_twice()) == (1, [])


def test_a_careless_one_finds_out_who_sends_twice() -> None:
    shop = Shop(Faults(1), careless=True)
    shop.place("P1", "video-30", 1)
    assert shop.charged_twice() == []
    shop.place("P1", "video-30", 1)
    assert (shop.charged("P1"), shop.charged_twice(), shop.kept("P1")) == (2, ["P1"], 3000)


def test_its_books_add_up_whatever_goes_wrong() -> None:
    shop = Shop(Faults(9), balance=10**6)
    for name in ("late_failure", "late", "short", "surplus", "sold_out"):
        shop.faults.on(name, 0.2)
    stock = shop.goods["video-30"].stock or 0
    for i in range(200):
        try:
            shop.place(f"P{i}", "video-30", 3)
        except Refused:
            assert shop.charged(f"P{i}") == 0
    shop.advance()
    assert shop.balance == 10**6 - sum(entry.amount for entry in shop.books)
    states = {sale.state for sale in shop.sales.values()}
    assert states == {"done", "failed"}
    for sale in shop.sales.values():
        kept = min(3, len(sale.cards)) * 1500 if sale.state == "done" else 0
        assert shop.kept(sale.key) == kept
    sold = sum(shop.kept(key) for key in shop.sales) // 1500
    assert shop.goods["video-30"].stock == stock - sold


def test_what_goes_wrong_follows_from_the_seed_and_not_from_threads() -> None:
    def run(seed: int, workers: int) -> dict[str, str]:
        faults = Faults(seed)
        faults.on("cut_after", 0.2)
        faults.on("cut_before", 0.1)
        keys = [f"P{i}" for i in range(500)]
        with ThreadPoolExecutor(workers) as pool:
            return dict(zip(keys, pool.map(lambda key: faults.strike("ending", key, "order"), keys), strict=True))

    assert run(1, 1) == run(1, 8) != run(2, 1)
    struck = list(run(1, 1).values())
    assert 70 < struck.count("cut_after") < 130
    assert 25 < struck.count("cut_before") < 75


def test_the_nth_call_and_this_key(server: SupplierServer) -> None:
    server.on("error_before", calls=(2,), kinds=("query",))
    server.on("html_after", keys=("P2",), kinds=("order",))
    supplier = built(server)
    assert [supplier.order(wanted(key)).state for key in ("P1", "P2", "P3")] == ["done", "unknown", "pending"]
    with pytest.raises(NoSuchFault):
        server.on("earthquake")


def test_callbacks_come_and_come_again_until_they_are_heard(server: SupplierServer, ear: Ear) -> None:
    ear.deaf = 2
    supplier = built(server)
    supplier.order(wanted("P1", ear))
    assert server.wait("P1")
    assert [supplier.read(call).purchase for call in ear.calls] == ["P1"] * 3


@pytest.mark.parametrize(("fault", "times"), [("callback_twice", 2), ("callback_lost", 0)])
def test_callbacks_twice_or_never(server: SupplierServer, ear: Ear, fault: str, times: int) -> None:
    server.on(fault, keys=("P1",))
    supplier = built(server)
    supplier.order(wanted("P1", ear))
    supplier.order(wanted("P2", ear))
    assert server.wait("P2")  # calls go out one after another
    assert [supplier.read(call).purchase for call in ear.calls].count("P1") == times


def test_callbacks_before_the_answer_late_and_forged(server: SupplierServer, ear: Ear) -> None:
    supplier = built(server)
    server.on("callback_early", keys=("P1",))
    server.on("callback_late", keys=("P2",))
    server.on("callback_forged", keys=("P3",))
    server.on("cut_after", keys=("P1",), kinds=("order",))
    assert supplier.order(wanted("P1", ear)).state == "unknown"
    assert [supplier.read(call).purchase for call in ear.calls] == ["P1"]
    supplier.order(wanted("P2", ear))
    supplier.order(wanted("P3", ear))
    assert server.wait("P3")
    with pytest.raises(Forged):
        supplier.read(ear.calls[-1])
    assert server.release() == ["P2"]
    assert server.wait("P2")


def test_what_is_late_is_over_by_its_clock(ear: Ear) -> None:
    now = [NOON]
    shop = Shop(Faults(1), late_seconds=60, now=lambda: now[0])
    shop.faults.on("late")
    shop.place("P1", "video-30", 1)
    now[0] += timedelta(seconds=59)
    assert (shop.sale("P1") or shop.sales["P1"]).state == "pending"
    now[0] += timedelta(seconds=1)
    assert [sale.key for sale in shop.due()] == ["P1"]
    assert len(shop.sales["P1"].cards) == 1


def test_accounts_topped_up_are_in_no_report(server: SupplierServer) -> None:
    account = {"qq": Secret("1234512345")}
    made = Recharge("T1", "qb-10", 1, 2000, "CNY", "", datetime.now(UTC), account)
    assert built(server).recharge(made).state == "done"
    report = json.dumps(server.report())
    assert "T1" in report
    assert "1234512345" not in report + repr(server.shop.sales["T1"])


def test_it_is_controlled_over_http(server: SupplierServer, ear: Ear) -> None:
    def control(what: str, **arguments: Any) -> Any:
        request = Request(f"{server.url}/_control/{what}", json.dumps(arguments).encode(), method="POST")
        with urlopen(request) as answer:
            return json.loads(answer.read())["result"]

    control("on", fault="late", share=1.0, keys=["P1"])
    supplier = built(server)
    assert supplier.order(wanted("P1", ear)).state == "pending"
    assert control("advance") == ["P1"]
    assert supplier.order(wanted("P2", ear)).state == "done"
    control("off")
    assert control("call_back", key="P2", times=2) == [200, 200]
    control("price", code="video-30", cost=2500)
    assert supplier.quote("video-30", 1).amount == 2500
    assert control("report")["orders"]["P1"]["charged"] == 1
    with pytest.raises(HTTPError):
        control("on", fault="earthquake")
    with pytest.raises(HTTPError):
        control("stop")


def test_it_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    with SuppliersProcess(tmp_path / "log", port_base=0) as running:
        assert set(running.told) == set(FACES)
        with urlopen(Request(f"{running.urls['quanyi']}/_control/report", b"{}", method="POST")) as answer:
            assert json.loads(answer.read())["result"]["charged_twice"] == []
    assert running.process is None
