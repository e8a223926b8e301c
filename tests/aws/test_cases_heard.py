"""What a case hears over time: further words of the buyer, and further orders."""

import json
from dataclasses import replace

import pytest

from cases import admin as cases_admin
from cases.messages import CaseView
from cases.sweep import sweep
from fulfill.reveal import reveal
from quanyi.cases.changes import thawed
from quanyi.orders.numbers import order_of, payment_number
from quanyi.payments.port import CaseHint
from tests.aws.conftest import Cloud
from tests.aws.court import WORDS, Court, made
from tests.aws.market import SITE


@pytest.fixture
def court(cloud: Cloud) -> Court:
    return made(cloud)


def test_each_new_word_of_a_buyer_is_kept_sealed_once_and_in_order(court: Court, cloud: Cloud) -> None:
    order = court.sold()
    told = court.brings(order)
    court.take(told)
    for later in (("第二次说",), (), ("第二次说", "还是不行"), ("第二次说",)):
        court.market.later(minutes=15)
        court.desk.told["N1"] = replace(told, later=later)
        sweep(court.office)
        court.take(CaseHint("N1"))
    court.desk.told["N1"] = replace(told, text="改了", later=())
    court.take(CaseHint("N1"))
    rev = court.case().rev
    assert sweep(court.office)["told"] == 0
    assert court.case().rev == rev
    full = cases_admin.full(court.office, court.case())
    assert [said.text for said in full.words] == [WORDS, "第二次说", "还是不行", "改了"]
    assert full.text == WORDS
    assert [said.at for said in full.words] == sorted(said.at for said in full.words)
    kept = json.dumps(cloud.contents(), default=str, ensure_ascii=False)
    assert "还是不行" not in kept
    profile = {"pk": f"MEMBER#{order.member}", "sk": "PROFILE"}
    cloud.table("MembersTable").update(profile, "REMOVE #key", names={"key": "key"})
    assert cases_admin.full(court.office, court.case()).words == []


def test_what_was_heard_before_words_were_counted_still_shows(court: Court) -> None:
    order = court.sold()
    case = court.take(replace(court.brings(order), text=""))
    sealed = court.office.seal.close(WORDS, order.member, case.id)
    court.office.cases.change(case, lambda it: it.model_copy(update={"sealed": sealed}))
    assert cases_admin.full(court.office, court.case()).text == WORDS


def test_a_complaint_about_several_orders_freezes_them_all(court: Court) -> None:
    first, second, third = court.sold(), court.sold(), court.sold()
    foreign = payment_number("O" + "9" * 20, "wechat", "k")
    named = [order.payments[0].id for order in (first, second, third)]
    told = replace(court.brings(first), payment=foreign, also=tuple(named[:2]))
    court.desk.told["N1"] = told
    case = court.take(told)
    assert court.take(told) == case
    assert (case.order, case.payment, case.rev) == (first.id, named[0], 1)
    assert CaseView.of(case).also == [order_of(foreign), second.id]
    frozen = [court.order(order).frozen for order in (first, second, third)]
    assert frozen == [(case.id,), (case.id,), ()]
    assert reveal(court.market.works, SITE, second.id).deliveries[0].units[0].withheld
    court.office.orders.change(second.id, lambda it: thawed(it, case.id))
    court.desk.told["N1"] = told = replace(told, also=tuple(named))
    court.market.later(minutes=15)
    sweep(court.office)
    assert [court.order(order).frozen for order in (first, second, third)] == [(case.id,)] * 3
    court.market.later(minutes=15)
    done = court.answer(case, action="refund")
    assert (done.state, court.desk.told["N1"].end) == ("answered", ""), "the others are not refunded"
    assert [bool(court.order(order).refunds) for order in (first, second, third)] == [True, False, False]
    court.take(replace(told, also=(), end="closed"))
    assert [court.order(order).frozen for order in (first, second, third)] == [()] * 3
    assert [court.order(order).cases for order in (first, second, third)] == [(case.id,)] * 3


def test_giving_in_lets_all_orders_of_a_case_go(court: Court) -> None:
    orders = [court.sold(), court.sold()]
    told = replace(court.brings(orders[0]), also=(orders[1].payments[0].id,))
    court.desk.told["N1"] = told
    case = court.take(told)
    assert court.answer(case, action="accept").state == "accepted"
    assert [court.order(order).frozen for order in orders] == [(), ()]
