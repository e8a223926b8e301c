"""Complaints and disputes end to end: heard, frozen, answered, swept, told; whatever order, repetition or crash."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from botocore.client import BaseClient
from pydantic import ValidationError

from cases.gather import gather
from cases.sweep import sweep
from desk.timeline import timeline_of
from desk.wiring import Goods
from fulfill.reveal import reveal
from fulfill.support import ManualBody, deliver_by_hand
from quanyi.callers import Caller
from quanyi.cases.changes import thawed
from quanyi.cases.evidence import as_fields
from quanyi.cases.model import Case
from quanyi.cases.table import CasesTable
from quanyi.errors import Conflict, Invalid, KeyReused
from quanyi.orders.model import Order
from quanyi.orders.refunds import with_refund
from quanyi.payments.port import CaseHint, CaseTold, TakenBack
from quanyi.payments.receipt import book_taken_back
from quanyi.secret import Secret
from tests.aws.conftest import Cloud
from tests.aws.court import OURS, SUPPORT, WORDS, Court, buyer, made
from tests.aws.faults import MODES, Faults, insist
from tests.aws.market import SITE
from tests.aws.memory import MemoryCloud


@pytest.fixture
def court(cloud: Cloud) -> Court:
    return made(cloud)


def calls_of(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> list[str]:
    real, calls = BaseClient._make_api_call, []  # type: ignore[attr-defined]

    def counted(client: Any, operation: str, request: Any) -> Any:
        calls.append(operation)
        return real(client, operation, request)

    with monkeypatch.context() as patched:
        patched.setattr(BaseClient, "_make_api_call", counted)
        act()
    return calls


# Hearing.


def test_a_case_is_recorded_once_its_order_frozen_and_its_words_sealed(
    court: Court, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    order = court.sold()
    told = court.brings(order)
    court.market.shop.cases.take(court.provider, told)
    court.take(told)
    assert calls_of(monkeypatch, lambda: court.take(CaseHint("N1"))) == ["BatchGetItem"]
    assert court.order(order).frozen == (court.case().id,)
    view = reveal(court.market.works, SITE, order.id).deliveries[0].units[0]
    assert (view.withheld, view.number) == (True, None)
    for where in (json.dumps(cloud.contents(), default=str), capsys.readouterr().out):
        assert "13800138000" not in where
        assert "客服不理我" not in where


def test_the_calls_before_an_acknowledgement_are_few(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = court.sold(), court.sold()
    court.take(court.brings(first))
    told = court.brings(second, number="N2")
    assert calls_of(monkeypatch, lambda: court.take(told)) == ["BatchGetItem", "GetItem", "PutItem", "PutItem"]
    over = replace(told, end="closed")
    assert calls_of(monkeypatch, lambda: court.take(over)) == ["BatchGetItem", "PutItem", "PutItem"]
    assert court.order(second).frozen == ()


def test_order_of_arrival_and_repetition_change_nothing(court: Court) -> None:
    ends: set[Any] = set()
    for number, steps in enumerate(permutations(range(3))):
        order = court.sold()
        told = court.brings(order, number=f"N{number}")
        notices = [told, replace(told, waits_for_us=False), replace(told, end="closed")]
        for step in [*steps, *steps]:
            court.take(notices[step])
        case = court.case(f"N{number}")
        ends.add((case.state, case.end, court.order(order).frozen))
    assert ends == {("closed", "closed", ())}


def test_sixteen_callers_at_once_end_as_one(court: Court) -> None:
    order = court.sold()
    told = court.brings(order)
    notices: list[CaseTold | CaseHint] = [told, replace(told, waits_for_us=False), CaseHint("N1"), told] * 3
    with ThreadPoolExecutor(16) as several:
        list(several.map(court.take, notices))
    assert (court.case().state, court.order(order).frozen) == ("answered", (court.case().id,))
    with ThreadPoolExecutor(16) as several:
        list(several.map(court.take, [*notices, *[replace(told, end="closed")] * 4]))
    assert (court.case().state, court.order(order).frozen) == ("closed", ())


@dataclass(frozen=True)
class Interrupted(CasesTable):
    """Something else happens just before the first write of a case."""

    first: list[Callable[[], object]]

    def save(self, case: Case) -> Case | None:
        if self.first:
            self.first.pop()()
        return super().save(case)


def test_an_order_is_not_frozen_again_between_its_release_and_the_end_of_its_case(court: Court) -> None:
    order = court.sold()
    told = court.brings(order)
    court.take(told)
    between = Interrupted(court.office.orders.table, [lambda: court.take(told)])
    ending = replace(court.office.intake, cases=between)
    ending.record("sandbox", replace(told, end="closed"))
    assert (court.case().state, court.order(order).frozen) == ("closed", ())


def test_the_sweep_freezes_what_an_open_case_left_unfrozen(court: Court) -> None:
    order = court.sold()
    case = court.take(court.brings(order))
    court.office.orders.change(order.id, lambda it: thawed(it, case.id))
    assert sweep(court.office)["tended"] == 1
    assert court.order(order).frozen == (case.id,)
    assert sweep(court.office)["tended"] == 0


def test_what_a_person_delivered_stays_closed_too_unless_it_was_seen(court: Court) -> None:
    court.market.sku("setup", kind="manual", price=5000)
    seen, unseen = by_hand(court), by_hand(court)
    assert text(court, seen) == "账号 a / 密码 b"
    for number, order in (("N1", seen), ("N2", unseen)):
        court.take(court.brings(order, number=number))
    assert (text(court, seen), text(court, unseen)) == ("账号 a / 密码 b", None)
    assert reveal(court.market.works, SITE, unseen.id).deliveries[0].units[0].withheld
    told = {n: gather(court.office, court.case(n)).order for n in ("N1", "N2")}
    assert [bool(it and it.deliveries[0].revealed_at) for it in told.values()] == [True, False]
    assert [len(it.reveals) if it else None for it in told.values()] == [1, 0]
    court.take(replace(court.desk.told["N2"], end="closed"))
    assert text(court, unseen) == "账号 a / 密码 b"
    units = [u.id for u in court.order(seen).units]
    court.office.orders.change(
        seen.id, lambda it: with_refund(it, units, reason="r", by="s", now=court.market.now, of=("delivered",))
    )
    assert text(court, seen) is None, "its money goes back"


def by_hand(court: Court) -> Order:
    order = court.market.pay(court.market.place("setup"))
    court.market.run()
    deliver_by_hand(court.market.works, SUPPORT, order.id, ManualBody(text=Secret("账号 a / 密码 b")))
    court.market.run()
    return court.order(order)


def text(court: Court, order: Order) -> str | None:
    return reveal(court.market.works, SITE, order.id).deliveries[0].units[0].text


def test_evidence_names_no_unit_that_was_withheld(court: Court) -> None:
    order = court.sold(quantity=2)
    court.market.works.cards.quarantine(order.units[0].card or "", by="operator:OP1", reason="suspect")
    reveal(court.market.works, buyer(order), order.id)
    evidence = gather(court.office, court.take(court.brings(order))).order
    assert evidence
    assert [reveal.units for reveal in evidence.reveals] == [("0-1",)]
    assert [bool(unit.revealed_at) for unit in evidence.deliveries] == [False, True]


def test_evidence_says_from_where_an_order_was_placed_until_the_member_is_erased(court: Court, cloud: Cloud) -> None:
    browser = Caller(role="publishable", key_id="P1", channel="site", ip="203.0.113.7")
    server = SITE.model_copy(update={"ip": "192.0.2.1"})
    sent = court.sold(contact={}, member="u-1", client_ip="::ffff:203.0.113.8", seen=True)
    own, silent = court.sold(caller=browser, client_ip="203.0.113.9"), court.sold(caller=server)
    orders = {"203.0.113.8": sent, "203.0.113.7": own, None: silent}
    for number, (ip, order) in enumerate(orders.items()):
        told = gather(court.office, court.take(court.brings(order, "dispute", number=f"N{number}")))
        assert told.order
        assert told.order.ip == ip
        assert as_fields(told, "en").get("customer_purchase_ip") == ip
    assert "203.0.113" not in json.dumps(cloud.contents(), default=str)
    profile = {"pk": f"MEMBER#{sent.member}", "sk": "PROFILE"}
    cloud.table("MembersTable").update(profile, "REMOVE #key", names={"key": "key"})
    erased = gather(court.office, court.case("N0"))
    assert erased.order
    assert (erased.order.ip, erased.order.reveals[0].ip) == (None, None)


def test_two_cases_freeze_one_order_until_both_are_over(court: Court) -> None:
    order = court.sold()
    one, two = court.brings(order), court.brings(order, number="N2")
    court.take(one)
    court.take(two)
    court.take(replace(one, end="closed"))
    assert court.order(order).frozen == (court.case("N2").id,)
    court.take(replace(two, end="closed"))
    court.take(replace(court.brings(order, number="N3"), end="closed"))
    assert court.order(order).cases == tuple(court.case(number).id for number in ("N1", "N2", "N3"))
    goods = Goods(court.office.cards, court.office.batches, court.office.cases)
    told = [entry.facts.get("case") for entry in timeline_of(court.order(order), goods).entries]
    assert [told.count(case) for case in court.order(order).cases] == [2, 2, 2], "opened and ended"
    assert reveal(court.market.works, SITE, order.id).deliveries[0].units[0].number


@pytest.mark.parametrize("payment", ["", "P" + "0" * 28, "another provider's"])
def test_a_case_about_nothing_of_ours_is_kept_and_can_be_answered(court: Court, payment: str) -> None:
    if payment.startswith("another"):
        payment = court.sold().payments[0].id
        name = "other"
    else:
        name = "sandbox"
    told = CaseTold("N1", "complaint", payment, 100, "CNY", "others", court.market.now, text=WORDS)
    case = court.office.intake.record(name, told)
    assert (case.order, case.channel) == (None, "")
    assert court.office.seal.open(case.words[0].sealed, None, case.id) == WORDS
    if name == "sandbox":
        court.desk.told["N1"] = told
        assert court.answer(case, action="reply", text=OURS).state == "answered"


def test_a_hint_about_what_the_provider_does_not_know_is_nothing(court: Court) -> None:
    assert court.office.intake.take(court.provider, CaseHint("unheard")) is None
    assert court.office.intake.take(court.market.sandbox, CaseHint("N1")) is None  # type: ignore[arg-type]


# Answering.


def test_a_reply_goes_out_once_with_the_evidence(court: Court) -> None:
    order = court.sold(seen=True)
    case = court.take(court.brings(order))
    court.desk.outcomes = ["unknown"]
    first = court.answer(case, action="reply", text=OURS)
    assert (first.state, first.answers[0].outcome) == ("waiting_for_us", "unknown")
    court.market.later(minutes=2)
    done = court.answer(case, action="reply", text=OURS)
    assert (done.state, done.answers[0].outcome) == ("answered", "succeeded")
    assert court.answer(case, action="reply", text=OURS) == done
    assert court.desk.heard == {"N1": [OURS]}
    assert court.desk.evidence[0] == court.desk.evidence[1], "the same every time"
    assert "198.51.100.7" in court.desk.evidence[0]["access_activity_log"]
    assert court.desk.evidence[0]["customer_email_address"] == "buyer@example.com"
    assert court.order(order).frozen == (case.id,)
    goods = Goods(court.office.cards, court.office.batches, court.office.cases)
    entry = next(e for e in timeline_of(court.order(order), goods).entries if e.what == "case_answered")
    assert entry.text["zh-CN"] == "答复投诉或争议：reply（succeeded）"
    with pytest.raises(KeyReused):
        court.answer(case, action="reply", text="something else")


def test_what_the_provider_cannot_take_has_failed_and_changes_nothing_else(court: Court) -> None:
    order = court.sold()
    case = court.take(court.brings(order))
    for action in ("reply", "refund"):
        with pytest.raises(Invalid):
            court.answer(case, key=action, action=action, text="长" * 201)
    assert [a.outcome for a in court.case().answers] == ["failed", "failed"]
    assert court.order(order).refunds == ()
    assert court.answer(case, key="k3", action="reply", text=OURS).state == "answered"


@pytest.mark.parametrize("seen", [True, False])
def test_a_refund_in_one_call(court: Court, seen: bool) -> None:
    order = court.sold(quantity=2, seen=seen)
    case = court.take(court.brings(order))
    done = court.answer(case, action="refund")
    assert (done.state, done.answers[0].outcome) == ("refunded", "succeeded")
    assert len(court.desk.heard["N1"]) == 1
    court.market.run()
    court.answer(case, action="refund")
    court.market.run()
    order = court.order(order)
    assert (order.state, order.refunded, len(order.refunds), order.frozen) == ("refunded", order.total, 1, ())
    assert len(court.market.cards_in("available")) == (10 if seen else 12)
    told = court.take(CaseHint("N1"))
    assert (told.state, told.end) == ("refunded", "closed")


def test_a_refund_of_an_amount_leaves_the_goods(court: Court) -> None:
    order = court.sold()
    case = court.take(court.brings(order))
    with pytest.raises(Invalid):
        court.answer(case, action="refund", amount={"amount": 500, "currency": "USD"})
    with pytest.raises(Invalid):
        court.answer(case, action="refund", amount={"amount": 99_999, "currency": "CNY"})
    court.answer(case, key="k2", action="refund", amount={"amount": 500, "currency": "CNY"})
    court.market.run()
    order = court.order(order)
    assert (order.state, order.refunded) == ("partially_refunded", 500)
    case = court.case()
    assert (case.state, case.answers[-1].outcome) == ("answered", "succeeded"), "all of it was asked for"
    assert order.frozen == (case.id,)
    court.take(replace(court.desk.told["N1"], end="closed"))
    assert reveal(court.market.works, SITE, order.id).deliveries[0].units[0].number


def test_a_refund_that_a_complaint_asks_for_is_declined_with_a_reason(court: Court) -> None:
    order, other = court.sold(), court.sold()
    case = court.take(court.brings(order))
    with pytest.raises(ValidationError):
        court.answer(case, action="decline")
    for _ in range(2):
        done = court.answer(case, action="decline", text="卡密已被兑换")
        assert (done.state, done.answers[0].outcome) == ("answered", "succeeded")
    assert court.desk.heard["N1"] == ["卡密已被兑换"]
    assert court.order(order).refunds == ()
    with pytest.raises(Conflict) as asked:
        court.answer(court.take(court.brings(other, number="N2", reason="others")), action="decline", text="no")
    assert asked.value.extra["reason"] == "no_refund_asked"
    assert court.case("N2").answers[0].outcome == "failed"


def test_a_refund_stands_whatever_the_provider_says_of_the_case(court: Court) -> None:
    order = court.sold()
    case = court.take(court.brings(order))
    court.desk.outcomes = ["failed", "failed"]
    done = court.answer(case, action="refund")
    assert (done.state, done.answers[0].outcome) == ("refunded", "failed")
    court.market.run()
    assert court.order(order).state == "refunded"


def test_giving_in_to_a_complaint_lets_the_order_go(court: Court) -> None:
    order = court.sold()
    case = court.take(court.brings(order))
    assert court.answer(case, action="accept").state == "accepted"
    assert court.order(order).frozen == ()
    assert court.desk.told["N1"].end == "closed"


def test_a_disputed_charge_is_not_refunded_and_the_money_goes_once(court: Court) -> None:
    order = court.sold()
    case = court.take(court.brings(order, "dispute"))
    with pytest.raises(Conflict) as refused:
        court.answer(case, action="refund")
    assert refused.value.extra["reason"] == "disputed_charge"
    assert court.answer(case, key="k2", action="accept").state == "accepted"
    assert court.order(order).frozen == (case.id,), "until the goods are back"
    taken = TakenBack(order.payments[0].id, "N1", order.total, "CNY", "dispute_lost")
    if_told = book_taken_back(court.office.orders, court.office.workflow, "sandbox", taken, court.market.now)
    assert if_told.refunded == order.total
    for _ in range(3):
        sweep(court.office)
        court.market.run()
        court.market.later(minutes=15)
    order = court.order(order)
    assert (order.state, order.refunded, order.going_back, order.frozen) == ("refunded", order.total, 0, ())
    assert next(s for r in order.refunds if r.amount for s in r.shares).outside == "sandbox:N1"
    assert sum(r.amount for r in order.refunds) == order.total
    assert len(court.market.cards_in("available")) == 12, "nobody had seen it"
    court.market.check_nothing_is_wrong()


def test_a_lost_dispute_for_more_than_is_left_is_booked_and_lets_the_order_go(court: Court) -> None:
    order = court.sold()
    case = court.take(court.brings(order, reason="others"))
    court.answer(case, action="refund", amount={"amount": 499, "currency": "CNY"})
    court.market.run()
    court.take(court.brings(order, "dispute", "D1"))
    court.desk.told["D1"] = replace(court.desk.told["D1"], end="lost")
    for _ in range(3):
        sweep(court.office)
        court.market.run()
        court.market.later(minutes=15)
    order = court.order(order)
    assert (court.case("D1").state, order.state, order.frozen) == ("lost", "refunded", ())
    shares = [share for refund in order.refunds for share in refund.shares]
    assert (order.captured, order.refunded, sum(share.excess for share in shares)) == (1999, 1999, 499)
    assert len(court.market.cards_in("available")) == 12, "nobody had seen it"
    court.market.check_nothing_is_wrong()


# The sweep.


def test_lost_notifications_are_found_and_each_step_is_done_once(court: Court) -> None:
    order, other = court.sold(), court.sold(seen=True)
    court.brings(order)
    court.brings(other, "dispute", "D1")
    assert sweep(court.office) == {"told": 2, "tended": 0}
    assert sweep(court.office) == {"told": 0, "tended": 0}
    court.desk.told["D1"] = replace(court.desk.told["D1"], end="lost")
    court.desk.told["N1"] = replace(court.desk.told["N1"], end="closed")
    court.market.later(minutes=15)
    assert sweep(court.office)["told"] == 2
    court.market.run()
    assert (court.case("D1").state, court.order(order).frozen) == ("lost", ())
    lost = court.order(other)
    assert (lost.state, lost.refunded, lost.units[0].goods) == ("refunded", lost.total, "lost")
    assert sweep(court.office) == {"told": 0, "tended": 0}


def test_a_deadline_that_comes_near_is_told_once(court: Court) -> None:
    court.take(court.brings(court.sold()))
    court.take(court.brings(court.sold(), number="N2", due_at=None))
    assert sweep(court.office)["tended"] == 0
    court.market.later(hours=18, minutes=1)
    assert sweep(court.office)["tended"] == 1
    assert (court.case().warned, court.case("N2").warned) == (True, False)
    assert sweep(court.office)["tended"] == 0
    # Answered in time; it must be done by a second deadline.
    court.answer(court.case(), action="reply", text=OURS)
    told = court.desk.told["N1"]
    court.desk.told["N1"] = replace(told, due_at=told.opened_at + timedelta(hours=72))
    court.market.later(minutes=15)
    assert sweep(court.office) == {"told": 1, "tended": 0}
    assert (court.case().state, court.case().warned) == ("answered", False)
    court.market.later(hours=48)
    assert [sweep(court.office)["tended"] for _ in range(2)] == [1, 0]
    assert (court.case().state, court.case().warned) == ("answered", True)


def test_the_sweep_asks_on_and_a_provider_that_is_down_holds_nothing_up(court: Court) -> None:
    order = court.sold()
    case = court.take(court.brings(order))
    court.desk.outcomes = ["unknown"]
    court.answer(case, action="accept")
    court.desk.down = True
    court.market.later(minutes=15)
    sweep(court.office)
    assert (court.case().state, court.order(order).frozen) == ("accepted", ())
    assert court.office.cases.looked_at("sandbox") is None


def test_what_a_sweep_cannot_do_is_counted(court: Court, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(court.office)
    assert "CaseSweepFailed" not in capsys.readouterr().out
    court.desk.down = True
    sweep(court.office)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CaseSweepFailed" in line]
    assert [line["CaseSweepFailed"] for line in lines] == [[1.0]]


# Faults.


@pytest.mark.parametrize(
    ("action", "mode"),
    [
        *(("refund", mode) for mode in MODES if mode != "failing"),
        ("reply", "reply lost"),
        ("reply", "crash before"),
        ("accept", "crash after"),
    ],
)
def test_any_single_fault_loses_and_doubles_nothing(monkeypatch: pytest.MonkeyPatch, mode: str, action: str) -> None:
    court = made(MemoryCloud())  # type: ignore[arg-type]
    fault, applied = MODES[mode]
    body: dict[str, Any] = {"action": action} | ({"text": OURS} if action == "reply" else {})
    order = court.sold()
    for number in range(1, 60):
        name = f"N{number}"
        if action == "refund":
            court.market.stock("ik-month", 1)
            order = court.sold()
        told = court.brings(order, number=name)
        faults = Faults(number, fault, applied=applied)
        court.market.forget_keys()
        court.office.seal.keyring._known.clear()
        with faults(monkeypatch):
            case = insist(court.market, faults, lambda told=told: court.take(told))
            insist(court.market, faults, lambda case=case: court.answer(case, **body))
            insist(court.market, faults, lambda name=name: court.take(CaseHint(name)))
        court.market.run()
        order, case = court.order(order), court.case(name)
        state = {"reply": "answered", "refund": "refunded", "accept": "accepted"}[action]
        assert (case.state, len(case.answers)) == (state, 1), (mode, number, faults.calls)
        assert (case.id in order.frozen) == (action == "reply")
        assert len(order.refunds) == (1 if action == "refund" else 0)
        assert len(court.desk.heard.get(name, [])) == (0 if action == "accept" else 1)
        if len(faults.calls) < number:
            break
    else:
        raise AssertionError("never ran out of calls to fail")
    court.market.check_nothing_is_wrong()
