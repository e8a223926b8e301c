"""What every adapter must hold to about prices: nobody is charged more than a purchase may cost, as far as the protocol
lets it be (`price_limit`, `price_check`)."""

import pytest

from quanyi.supply import port
from quanyi.supply.port import Answer
from tests.suppliers.buyer import ENDINGS, KEY, PRICED, Buyer, built
from tools.local.suppliers.server import SupplierServer


class PriceChecks(Buyer):
    def test_a_price_that_has_risen_is_not_paid(self, server: SupplierServer) -> None:
        supplier = built(server)
        for key, cost, state in (("P-dear", 2001, "failed"), (KEY, 2000, "done")):
            server.price(self.card_code, cost)
            answer = supplier.order(self.wanted(key))
            kept = server.shop.kept(key)
            if supplier.abilities.isdisjoint({"price_limit", "price_check"}):
                assert kept == 2 * cost  # docs/suppliers.md: whatever it asks for is charged
            elif state == "failed":
                assert (answer.state, answer.reason, kept) == ("failed", port.PRICE_ABOVE_MOST, 0)
            else:
                assert (self.is_over(supplier, answer).state, kept) == ("done", 2 * cost)
        if "price_check" in supplier.abilities:
            assert ("order", "P-dear") not in server.calls  # nothing was sent

    def test_a_top_up_whose_price_has_risen_is_not_paid(self, server: SupplierServer) -> None:
        supplier = built(server)
        if "topup" not in supplier.abilities or supplier.abilities.isdisjoint({"price_limit", "price_check"}):
            return
        server.price(self.topup_code, 2001)
        answer = supplier.recharge(self.recharge())
        assert (answer.state, answer.reason, server.shop.kept(KEY)) == ("failed", port.PRICE_ABOVE_MOST, 0)

    def test_a_price_that_rises_in_the_moment_of_the_order(self, server: SupplierServer) -> None:
        """Then the supplier's word is what it charges, and it is believed: people are told by it."""
        server.price(self.card_code, 1900)
        server.on("price_rise")
        supplier = built(server)
        answer = self.is_over(supplier, supplier.order(self.wanted()))
        if "price_limit" in supplier.abilities:
            assert (answer.state, server.shop.kept(KEY)) == ("failed", 0)
        else:
            assert (answer.state, answer.cost, server.shop.kept(KEY)) == ("done", 2 * 2090, 2 * 2090)

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_without_a_clear_price_nothing_is_ordered(self, server: SupplierServer, ending: str) -> None:
        supplier = built(server)
        if "price_check" not in supplier.abilities or (ending == "forged" and not self.answers_are_signed):
            return
        server.on(ending, kinds=PRICED)
        assert supplier.order(self.wanted()) == Answer("failed", reason="price_unclear")
        assert "order" not in [kind for kind, _ in server.calls]
