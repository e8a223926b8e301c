"""What buying promises, against a supplier over HTTP that loses answers, calls twice, not at all, and fails late."""

from tests.aws.wholesale import Wholesale, bought_for_stock, check_cards, sells_topups, topped_up, troubled

TOPUPS, PURCHASES = 80, 16


def test_no_top_up_is_charged_twice_or_refunded_and_charged() -> None:
    with Wholesale(server=troubled(seed=5)) as shop:
        sells_topups(shop)
        ends = topped_up(shop, TOPUPS)
        assert ends.total() == TOPUPS
        assert set(ends) <= {"topped up once", "refunded, not charged"}, ends
        assert ends["topped up once"] > TOPUPS * 0.7
        assert shop.server.shop.charged_twice() == []
        struck = shop.server.faults.struck
        assert all(struck[name] for name in ("cut_after", "cut_before", "late", "late_failure")), struck


def test_every_card_is_in_one_batch_and_every_shortage_on_its_purchase() -> None:
    server = troubled(seed=6)
    for fault in ("short", "surplus", "repeated", "resold"):
        server.faults.on(fault, 0.1)
    with Wholesale(server=server) as shop:
        ends = bought_for_stock(shop, PURCHASES)
        assert set(ends) <= {"received", "failed"}, ends
        counts = check_cards(shop)
        assert counts["received"] > 0
        assert server.shop.charged_twice() == []
