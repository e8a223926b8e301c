"""Our own contract: what every adapter must hold to, and what is its own."""

from dataclasses import replace
from datetime import timedelta
from json import dumps
from urllib.parse import urlsplit

import pytest

from quanyi.errors import Conflict
from quanyi.secret import Secret
from quanyi.supply import wire
from quanyi.supply.port import Forged, NoAnswer
from tests.suppliers.buyer import KEY, built, numbers
from tests.suppliers.kit import Conformance
from tools.local.suppliers.face_quanyi import QuanyiFace
from tools.local.suppliers.server import SupplierServer


class TestQuanyi(Conformance):
    face = "quanyi"

    def reply(self, server: SupplierServer, method: str, url: str, raw: bytes, status: int = 200) -> wire.Reply:
        assert isinstance(server.face, QuanyiFace)
        where = urlsplit(url)
        target = where.path + (f"?{where.query}" if where.query else "")
        headers = server.face.signed(str(status), target, raw)
        return wire.Reply(status, {name.lower(): value for name, value in headers.items()}, raw)

    def test_the_key_of_another_order_is_a_definite_no(self, server: SupplierServer) -> None:
        """What is under that key is not ours: neither paid for by this purchase, nor ever taken in by it."""
        supplier = built(server)
        supplier.order(self.wanted())
        other = supplier.order(self.wanted(quantity=3))
        assert (other.state, other.reason, other.cards) == ("failed", "key_reused", ())
        assert server.shop.charged(KEY) == 1

    def test_a_repetition_is_the_same_order(self, server: SupplierServer) -> None:
        supplier = built(server)
        first = supplier.order(self.wanted())
        again = supplier.order(self.wanted(most=9999, notify_url=""))
        assert numbers(again.cards) == numbers(first.cards)
        assert server.shop.charged(KEY) == 1

    def test_what_cannot_be_asked_is_not_sent(self, server: SupplierServer) -> None:
        supplier = built(server)
        assert supplier.order(self.wanted(code="no/such code")).state == "failed"
        assert supplier.order(self.wanted(quantity=10_001)).state == "failed"
        assert server.calls == []
        with pytest.raises(NoAnswer):
            supplier.quote("no/such code", 1)

    def test_a_cancelled_key_never_becomes_an_order(self, server: SupplierServer) -> None:
        supplier = built(server)
        assert supplier.cancel(self.asked()).state == "failed"
        assert supplier.order(self.wanted()).state == "failed"
        assert server.shop.charged(KEY) == 0

    def test_what_is_done_cannot_be_cancelled_and_its_cards_come(self, server: SupplierServer) -> None:
        supplier = built(server)
        supplier.order(self.wanted())
        answer = supplier.cancel(self.asked())
        assert (answer.state, len(answer.cards)) == ("done", 2)

    def test_cards_that_cannot_be_collected_at_once_are_pending(self, server: SupplierServer) -> None:
        server.on("cut_before", kinds=("query",))
        assert built(server).order(self.wanted()).state == "pending"

    def test_an_account_can_be_checked(self, server: SupplierServer) -> None:
        supplier = built(server)
        assert supplier.check("qb-10", {"qq": Secret("12345678")}) is True
        assert supplier.check("qb-10", {"qq": Secret("120000")}) is False

    def test_the_secret_before_is_still_believed(self, server: SupplierServer) -> None:
        assert isinstance(server.face, QuanyiFace)
        supplier = built(server)
        server.face.secrets.insert(0, "the next one of theirs")
        assert supplier.order(self.wanted()).state == "unknown"  # they sign with what we do not know yet
        both = replace(
            supplier.access, secrets=({"secret": Secret("the next one of theirs")}, *supplier.access.secrets)
        )
        assert len(replace(supplier, access=both).query(self.asked()).cards) == 2

    def test_an_old_answer_is_no_answer(self, server: SupplierServer) -> None:
        built(server).order(self.wanted())
        for minutes in (-6, 6):
            assert built(server, shift=timedelta(minutes=minutes)).query(self.asked()).state == "unknown"

    def test_an_answer_about_another_order_is_no_answer(self, server: SupplierServer) -> None:
        told = {"v": 1, "key": "P-other", "state": "failed", "quantity": 2, "delivered": 0, "reason": "sold_out"}
        assert self.told(server, dumps(told).encode()).query(self.asked()).state == "unknown"
        absent = {"code": "not_found", "key": "P-other"}
        assert self.told(server, dumps(absent).encode(), 404).query(self.asked()).state == "unknown"

    def test_a_list_that_is_not_whole_is_no_answer(self, server: SupplierServer) -> None:
        told = self.genuine(server) | {"delivered": 3}
        assert self.told(server, dumps(told).encode()).query(self.asked()).state == "unknown"
        told = self.genuine(server) | {"cards": None}
        assert self.told(server, dumps(told).encode()).query(self.asked()).state == "unknown"

    @pytest.mark.parametrize("cost", [-1, "30", {"amount": -3000, "currency": "CNY"}, {"amount": 1, "currency": "USD"}])
    def test_a_price_that_is_none_does_not_take_the_cards_away(self, server: SupplierServer, cost: object) -> None:
        answer = self.told(server, dumps(self.genuine(server) | {"cost": cost}).encode()).query(self.asked())
        assert (answer.state, len(answer.cards), answer.cost) == ("done", 2, None)

    def test_a_reason_with_something_personal_in_it_is_not_passed_on(self, server: SupplierServer) -> None:
        told = {
            "v": 1,
            "key": KEY,
            "state": "failed",
            "quantity": 1,
            "delivered": 0,
            "reason": "no such phone 13800138000",
        }
        answer = self.told(server, dumps(told).encode()).query(self.asked())
        assert (answer.state, answer.reason) == ("failed", "unclear")

    def test_without_secrets_nothing_is_asked(self, server: SupplierServer) -> None:
        with pytest.raises(Conflict) as refused:
            built(server, account={})
        assert refused.value.extra["missing"] == ["account.key_id"]

    def test_statuses_that_are_no_refusal(self, server: SupplierServer) -> None:
        problem = dumps({"code": "busy"}).encode()
        for status in (408, 425, 500, 502, 503, 302):
            assert self.told(server, problem, status).order(self.wanted()).state == "unknown"
        for status in (400, 409, 422, 429):
            assert self.told(server, problem, status).order(self.wanted()).state == "failed"

    def test_a_key_that_the_seller_does_not_know_is_unknown(self, server: SupplierServer) -> None:
        """A 401 that nobody signed may be anybody's."""
        stranger = built(server, account={"key_id": "somebody-else"})
        assert stranger.order(self.wanted()).state == "unknown"
        assert server.shop.charged(KEY) == 0

    def test_a_callback_to_another_account_of_ours_is_not_believed(self, server: SupplierServer) -> None:
        call = self.called(server)
        with pytest.raises(Forged):
            built(server, account={"key_id": "another"}).read(call)
        with pytest.raises(Forged):
            built(server).read(replace(call, path="/v1/suppliers/another/notify"))
