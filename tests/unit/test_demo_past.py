"""The demo's past: the shop reads all of it, and it has what reports are to find."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from quanyi.past.presets import PRESETS
from quanyi.past.source import Source, SourceSettings
from quanyi.spend.model import Spend
from tests.exports import export
from tools.demo_past import DAYS, SPENT, WANTED, bring, mini_file, mini_settings, report_lines, sales, taobao_file

TODAY = date(2026, 11, 26)
SOLD = list(sales(TODAY))


class FakeShop:
    """Takes all, and knows an import by its key."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, Any]] = []
        self.files: dict[str, bytes] = {}

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> dict[str, Any]:
        self.sent.append((method, path, body))
        if method == "GET":
            return {"presets": {name: preset.model_dump(mode="json") for name, preset in PRESETS.items()}}
        if path.endswith("/imports"):
            assert key
            return {"upload": None if body["source"] in self.files else {"url": body["source"], "fields": {}}}
        return {}

    def upload(self, url: str, fields: dict[str, str], content: bytes) -> None:
        self.files[url] = content


def test_the_same_day_has_the_same_past() -> None:
    assert list(sales(TODAY)) == SOLD
    assert len({sale.number for sale in SOLD}) == len(SOLD)
    assert {sale.paid_at.date() for sale in SOLD} == {TODAY - timedelta(days=back) for back in range(1, DAYS + 1)}


def test_the_shop_reads_both_exports_whole() -> None:
    shop = FakeShop()
    bring(shop, TODAY)
    settings = {path.rpartition("/")[2]: body for _, path, body in shop.sent if "/sources/" in path}
    found = {name: export(shop.files[name], Source(id=name, **SourceSettings.model_validate(told).model_dump()))
             for name, told in settings.items()}  # fmt: skip
    assert [one.faults for one in found.values()] == [[], []]
    read = {line for one in found.values() for order in one.orders for line in order.names.values()}
    assert sum(len(one.orders) for one in found.values()) == len(SOLD)
    assert read
    (spend,) = [body for _, path, body in shop.sent if path.endswith("channel-spend")]
    entries = [Spend.model_validate(entry) for entry in spend["entries"]]
    assert len(entries) == DAYS * len(SPENT) <= 1000  # one call takes no more
    before = dict(shop.files)
    bring(shop, TODAY)
    assert shop.files == before


@pytest.mark.parametrize("seen", [date(2026, 3, 1), date(2027, 1, 1), date(2028, 2, 29)])
def test_it_has_what_reports_are_to_find(seen: date) -> None:
    sold = list(sales(seen))
    buyers = Counter(sale.phone for sale in sold if "iqiyi-gold-month" in sale.skus)
    assert sum(count > 1 for count in buyers.values()) > len(buyers) / 4, "bought again"
    assert sum(len(sale.skus) > 1 for sale in sold) > 20, "bought together"
    assert 0 < sum(sale.refunded for sale in sold) < len(sold) / 10
    assert set(WANTED) == {sku for sale in sold for sku in sale.skus}


def test_files_are_as_the_platforms_write_them() -> None:
    assert "宝贝标题" in taobao_file(SOLD).decode("gb18030").splitlines()[0]
    head = mini_file(SOLD).decode().splitlines()[0].split(",")
    assert set(mini_settings()["columns"].values()) == set(head)


def test_lines_that_show_the_reports() -> None:
    lines = report_lines({"api_url": "http://shop", "keys": {"analyst": "KEY"}})
    assert lines[0] == "make nightly"
    assert all("KEY" in line and "http://shop/v1/reports/" in line for line in lines[1:])
