"""What every adapter must hold to, against the local supplier that speaks its protocol. A new adapter's tests are

    class TestAcme(Conformance):
        face = "acme"
        ...

with `reply`, and whatever its protocol cannot (`docs/suppliers.md`). Each check says which promise it is about: an
order is sent once; what is unclear is `unknown`; nothing secret gets out.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from json import dumps, loads
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quanyi.errors import Refusal
from quanyi.secret import Secret
from quanyi.supply import port, wire
from quanyi.supply.port import Call, Forged, NoAnswer, NotOffered
from quanyi.supply.registry import ADAPTERS
from tests.suppliers.buyer import ENDINGS, KEY, PRICED, UNTRUE, built, heard, numbers
from tests.suppliers.kit_prices import PriceChecks
from tests.suppliers.places import places, put
from tools.local.suppliers.faults import NoSuchFault
from tools.local.suppliers.server import SupplierServer
from tools.local.suppliers.shop import BEIJING

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
# A supplier may serve many examples; and each adapter's class runs the same check, without an example database.
CALM = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
FUZZ = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=CALM)


class Conformance(PriceChecks):
    """Checks of one adapter."""

    # Orders.

    def test_the_registry_tells_its_abilities(self, server: SupplierServer) -> None:
        supplier = built(server)
        assert supplier.abilities == ADAPTERS[server.access["adapter"]].abilities
        assert {"cards"} <= supplier.abilities

    def test_cards_are_ordered_once_and_all_come(self, server: SupplierServer) -> None:
        supplier = built(server)
        answer = self.is_over(supplier, supplier.order(self.wanted()))
        sale = server.shop.sales[KEY]
        assert answer.state == "done"
        assert numbers(answer.cards) == [card.number for card in sale.cards]
        assert [c.face.pin.reveal() if c.face.pin else "" for c in answer.cards] == [card.pin for card in sale.cards]
        assert answer.cost in (None, 3000)
        assert (server.shop.asked[KEY], server.shop.charged(KEY)) == (1, 1)

    def test_asking_twice_answers_the_same(self, server: SupplierServer) -> None:
        supplier = built(server)
        supplier.order(self.wanted())
        first, second = supplier.query(self.asked()), supplier.query(self.asked())
        assert first == second
        assert first.state == "done"
        assert server.shop.charged(KEY) == 1

    def test_pending_before_done(self, server: SupplierServer) -> None:
        server.on("late")
        supplier = built(server)
        assert supplier.order(self.wanted()).state == "pending"
        assert supplier.query(self.asked()).state == "pending"
        server.advance(KEY)
        answer = supplier.query(self.asked())
        assert (answer.state, len(answer.cards)) == ("done", 2)

    def test_some_cards_before_the_others(self, server: SupplierServer) -> None:
        server.on("partly")
        supplier = built(server)
        assert supplier.order(self.wanted(quantity=4)).state == "pending"
        before = supplier.query(self.asked())
        assert before.state == "pending"
        assert len(before.cards) in (0, 2)  # a protocol may tell cards only when all are there
        server.advance(KEY)
        after = supplier.query(self.asked())
        assert after.state == "done"
        assert len(after.cards) == 4
        assert numbers(after.cards)[: len(before.cards)] == numbers(before.cards)

    def test_accepted_and_failed_later(self, server: SupplierServer) -> None:
        server.on("late_failure")
        supplier = built(server)
        assert supplier.order(self.wanted()).state == "pending"
        server.advance(KEY)
        assert supplier.query(self.asked()).state == "failed"
        assert server.shop.kept(KEY) == 0

    @pytest.mark.parametrize(("fault", "cards"), [("short", 2), ("surplus", 4), ("repeated", 3), ("resold", 3)])
    def test_what_was_delivered_is_told_as_it_is(self, server: SupplierServer, fault: str, cards: int) -> None:
        supplier = built(server)
        supplier.order(self.wanted("P-other"))
        if fault in self.cannot:
            with pytest.raises(NoSuchFault):
                server.on(fault)
            return
        server.on(fault)
        answer = self.is_over(supplier, supplier.order(self.wanted(quantity=3)))
        assert answer.state == "done"
        assert numbers(answer.cards) == [card.number for card in server.shop.sales[KEY].cards]
        assert len(answer.cards) == cards

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_an_order_without_a_clear_answer_is_unknown(self, server: SupplierServer, ending: str) -> None:
        if ending == "forged" and not self.answers_are_signed:
            return
        server.on(ending, kinds=("order",))
        supplier = built(server)
        assert supplier.order(self.wanted()) == port.UNKNOWN
        assert [kind for kind, _ in server.calls].count("order") == 1  # never sent again
        carried_out = ending in UNTRUE
        assert server.shop.charged(KEY) == carried_out
        assert supplier.query(self.asked()).state == ("done" if carried_out else self.stranger)

    def test_an_order_that_nobody_answers_is_unknown(
        self, server: SupplierServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wire, "SECONDS", 0.3)
        server.on("hang_after", kinds=("order",))
        supplier = built(server)
        assert supplier.order(self.wanted()) == port.UNKNOWN
        assert self.unreached(supplier, built(server, endpoint="http://127.0.0.1:1").order(self.wanted()))

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_a_question_without_a_clear_answer_is_unknown(self, server: SupplierServer, ending: str) -> None:
        if ending == "forged" and not self.answers_are_signed:
            return
        supplier = built(server)
        supplier.order(self.wanted())
        server.on(ending, kinds=("query",))
        assert supplier.query(self.asked()) == port.UNKNOWN
        server.off()
        assert len(supplier.query(self.asked()).cards) == 2

    def test_a_certificate_that_nobody_knows_is_no_supplier(self) -> None:
        with self.serving(tls=True) as server:
            supplier = built(server)
            assert self.unreached(supplier, supplier.order(self.wanted()))
            assert supplier.query(self.asked()) == port.UNKNOWN
            assert server.calls == []

    @pytest.mark.parametrize("why", ["sold_out", "no_balance", "not_on_sale"])
    def test_a_refusal_charges_nothing(self, server: SupplierServer, why: str) -> None:
        wanted = self.wanted(code="gone") if why == "not_on_sale" else self.wanted()
        if why != "not_on_sale":
            server.on(why)
        answer = built(server).order(wanted)
        assert answer.state == ("failed" if why in self.definite else "unknown")
        assert (server.shop.charged(KEY), answer.cards) == (0, ())

    def test_a_key_that_it_never_saw(self, server: SupplierServer) -> None:
        assert built(server).query(self.asked("P-never")).state == self.stranger

    def test_another_currency_is_not_taken_for_ours(self) -> None:
        with self.serving(currency="USD") as server:
            supplier = built(server, currency="CNY")
            assert supplier.order(self.wanted()).cost is None
            assert supplier.query(self.asked()).cost is None

    # Top-ups.

    def test_a_top_up(self, server: SupplierServer) -> None:
        supplier = built(server)
        if "topup" not in supplier.abilities:
            with pytest.raises(NotOffered):
                supplier.recharge(self.recharge())
            return
        answer = self.is_over(supplier, supplier.recharge(self.recharge()), topup=True)
        assert (answer.state, answer.cards) == ("done", ())
        assert dict(server.shop.sales[KEY].account) == self.account
        assert server.shop.charged(KEY) == 1

    @pytest.mark.parametrize("ending", UNTRUE)
    def test_a_top_up_without_a_clear_answer_is_unknown(self, server: SupplierServer, ending: str) -> None:
        supplier = built(server)
        if "topup" not in supplier.abilities or (ending == "forged" and not self.answers_are_signed):
            return
        server.on(ending, kinds=("order",))
        assert supplier.recharge(self.recharge()) == port.UNKNOWN
        assert supplier.query(self.asked(topup=True)).state == "done"
        assert server.shop.charged(KEY) == 1

    def test_a_top_up_that_fails(self, server: SupplierServer) -> None:
        supplier = built(server)
        if "topup" not in supplier.abilities:
            return
        refused = self.nobody or dict.fromkeys(self.account, "990000")
        nobody = {name: Secret(value) for name, value in refused.items()}
        expected = "failed" if "bad_account" in self.definite else "unknown"
        assert supplier.recharge(self.recharge("P-nobody", account=nobody)).state == expected
        server.on("late_failure")
        assert supplier.recharge(self.recharge()).state == "pending"
        server.advance(KEY)
        assert supplier.query(self.asked(topup=True)).state == "failed"

    # Callbacks.

    def called(self, server: SupplierServer, **changes: Any) -> Call:
        built(server).order(self.wanted())
        callback = server.callback(KEY, **changes)
        assert callback
        return heard(callback)

    def test_a_callback_names_the_purchase(self, server: SupplierServer) -> None:
        call = self.called(server)
        supplier = built(server)
        assert supplier.read(call).purchase == KEY
        assert supplier.read(call).purchase == KEY  # a replay is the same hint
        assert supplier.read(call).answer[0] == 200

    def test_a_forged_callback_is_not_believed(self, server: SupplierServer) -> None:
        with pytest.raises(Forged):
            built(server).read(self.called(server, forged=True))

    def test_an_altered_callback_is_not_believed(self, server: SupplierServer) -> None:
        call = self.called(server)
        altered = replace(call, body=call.body.replace(KEY.encode(), b"P-another"))
        assert altered.body != call.body
        for wrong in (altered, replace(call, body=b""), replace(call, headers={}, body=call.body[:-1])):
            with pytest.raises(Forged):
                built(server).read(wrong)

    def test_another_suppliers_callback_is_not_believed(self, server: SupplierServer) -> None:
        call = self.called(server)
        with self.serving() as other, pytest.raises(Forged):
            built(other).read(call)

    def test_a_stale_callback_is_not_believed(self, server: SupplierServer) -> None:
        late = built(server, shift=timedelta(minutes=6))
        call = self.called(server)
        if self.callback_bears_time:
            with pytest.raises(Forged):
                late.read(call)

    @FUZZ
    @given(st.binary(max_size=60), st.dictionaries(st.sampled_from(["quanyi-key", "quanyi-timestamp", "x"]), st.text()))
    def test_no_callback_breaks_it(self, server: SupplierServer, body: bytes, headers: dict[str, str]) -> None:
        supplier = built(server)
        with pytest.raises(Forged):
            supplier.read(Call("POST", "/v1/suppliers/acme/notify", {}, headers, body))

    # Bad answers, rightly signed.

    @FUZZ
    @given(JSON, st.sampled_from([200, 201, 400, 404, 409, 500]))
    def test_no_answer_breaks_it_or_means_what_it_does_not_say(
        self, server: SupplierServer, told: Any, status: int
    ) -> None:
        supplier = self.told(server, dumps(told).encode(), status)
        priced = self.told(server, dumps(told).encode(), status, priced=True)
        for answer in (priced.order(self.wanted()), supplier.query(self.asked())):
            assert answer.state == "unknown", answer
        if "cancel" in supplier.abilities:
            assert supplier.cancel(self.asked()).state == "unknown"
        if "topup" in supplier.abilities:
            assert priced.recharge(self.recharge()).state == "unknown"
        if "price_check" in supplier.abilities:
            assert supplier.order(self.wanted()).state == "failed"
        self.clearly_none(supplier)

    @FUZZ
    @given(st.data())
    def test_a_genuine_answer_with_something_else_in_it(self, server: SupplierServer, data: st.DataObject) -> None:
        told = self.genuine(server)
        where = data.draw(st.sampled_from(places(told)))
        put(told, where, data.draw(JSON))
        answer = self.told(server, dumps(told).encode()).query(self.asked())
        assert answer.state in ("done", "pending", "failed", "absent", "unknown")
        assert answer.cost is None or (type(answer.cost) is int and answer.cost >= 0)
        assert all(isinstance(number, str) for number in numbers(answer.cards))
        assert len(answer.reason) <= port.MOST_REASON
        if answer.state == "failed":
            assert "state" in str(where) or "status" in str(where) or "code" in str(where)

    def told(self, server: SupplierServer, raw: bytes, status: int = 200, *, priced: bool = False) -> Any:
        """The adapter of a supplier that answers everything with this; `priced`: but for its prices."""

        def answer(method: str, url: str, headers: Mapping[str, str], body: bytes) -> wire.Reply:
            if priced and self.kind(server, method, url, headers, body) in PRICED:
                return wire.send(method, url, headers, body)
            return self.reply(server, method, url, raw, status)

        return replace(built(server), send=answer)

    def genuine(self, server: SupplierServer) -> Any:
        """What a query answers that brought two cards, as JSON."""
        supplier = built(server)
        if KEY not in server.shop.sales:
            supplier.order(self.wanted())
        caught: list[bytes] = []

        def listen(method: str, url: str, headers: Mapping[str, str], body: bytes) -> wire.Reply:
            reply = wire.send(method, url, headers, body)
            caught.append(reply.body)
            return reply

        assert replace(supplier, send=listen).query(self.asked()).state == "done"
        return loads(caught[-1])

    def clearly_none(self, supplier: Any) -> None:
        """Questions that change nothing refuse with data of ours, without a cause that could quote something."""
        questions = {
            "balance": supplier.balance,
            "quote": lambda: supplier.quote(self.card_code, 1),
            "goods": supplier.goods,
            "statement": lambda: supplier.statement("2026-11-26"),
        }
        for name, question in questions.items():
            with pytest.raises((NoAnswer, NotOffered)) as refused:
                question()
            assert isinstance(refused.value, NoAnswer) == (name in supplier.abilities)
            assert refused.value.__cause__ is None
            assert refused.value.__suppress_context__ or refused.value.__context__ is None

    # What can be asked besides.

    def test_balance(self, server: SupplierServer) -> None:
        supplier = built(server)
        if "balance" in supplier.abilities:
            assert (supplier.balance().amount, supplier.balance().currency) == (server.shop.balance, "CNY")

    def test_stock(self, server: SupplierServer) -> None:
        supplier = built(server)
        if "stock" in supplier.abilities:
            server.put(code=self.card_code, title="Seven", cost=1500, stock=7)
            told = supplier.stock([self.card_code, "gone"])
            assert told[self.card_code] in (7, None)
            assert not told.get("gone")

    def test_quote(self, server: SupplierServer) -> None:
        supplier = built(server)
        if "quote" in supplier.abilities:
            assert supplier.quote(self.card_code, 3).amount == 1500
            server.price(self.card_code, 1600)
            assert supplier.quote(self.card_code, 3).amount == 1600

    def test_goods_by_pages(self, server: SupplierServer) -> None:
        supplier = built(server)
        if "goods" not in supplier.abilities:
            return
        for i in range(self.many[0]):
            server.put(code=f"more-{i:03d}", title=f"More {i}", cost=100 + i)
        found: list[port.Goods] = []
        page = supplier.goods()
        while True:
            found += page.items
            if not page.next:
                break
            page = supplier.goods(page.next)
        assert sorted(one.code for one in found) == sorted(server.shop.goods)
        card = next(one for one in found if one.code == self.card_code)
        assert (card.cost, card.currency, card.kind) == (1500, "CNY", "card")

    def test_statement(self, server: SupplierServer) -> None:
        supplier = built(server)
        if "statement" not in supplier.abilities:
            return
        orders = [supplier.order(self.wanted(f"P-{i}", 1)) for i in range(self.many[1])]
        server.on("late_failure")
        supplier.order(self.wanted())
        server.advance()
        told = supplier.statement(f"{server.shop.books[0].at.astimezone(BEIJING):%Y-%m-%d}")
        rows = [row for row in told if row.kind != "other"]
        assert sum(row.amount for row in rows) == len(orders) * 1500
        assert sum(row.amount for row in rows if row.purchase == KEY) == 0
        assert {row.purchase for row in rows} == {KEY, *(f"P-{i}" for i in range(len(orders)))}

    def test_cancel(self, server: SupplierServer) -> None:
        supplier = built(server)
        if "cancel" not in supplier.abilities:
            return
        server.on("late")
        supplier.order(self.wanted())
        assert supplier.cancel(self.asked()).state in ("failed", "pending")
        assert supplier.query(self.asked()).state == "failed"
        assert server.shop.kept(KEY) == 0

    def test_what_it_cannot_it_says(self, server: SupplierServer) -> None:
        supplier = built(server)
        for name, ask in {
            "balance": supplier.balance,
            "stock": lambda: supplier.stock([self.card_code]),
            "quote": lambda: supplier.quote(self.card_code, 1),
            "goods": supplier.goods,
            "check": lambda: supplier.check(self.topup_code, {}),
            "statement": lambda: supplier.statement("2026-11-26"),
            "cancel": lambda: supplier.cancel(self.asked()),
        }.items():
            if name not in supplier.abilities:
                with pytest.raises(NotOffered):
                    ask()

    # Secrets.

    def test_nothing_secret_gets_out(self, server: SupplierServer, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        supplier = built(server)
        answer = self.is_over(supplier, supplier.order(self.wanted()))
        recharge = self.recharge("P-topup")
        topped_up = supplier.recharge(recharge) if "topup" in supplier.abilities else answer
        server.on("html_after")
        errors = []
        try:
            supplier.balance()
        except Refusal as refused:
            errors = [str(refused), repr(refused), repr(refused.extra)]
        said = " ".join([repr(it) for it in (answer, topped_up, supplier, recharge)] + errors + [caplog.text])
        kept = [*numbers(answer.cards), *server.access["secrets"].values(), *self.account.values()]
        assert not [text for text in kept if len(text) > 4 and text in said]
