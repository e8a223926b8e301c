"""Exports of another platform for tests, as its seller centre would write them."""

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from quanyi.past.orders import Export, ReadOrder, read_orders
from quanyi.past.reading import places, records
from quanyi.past.rows import RowReader
from quanyi.past.source import Source

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
ZONE = "Asia/Shanghai"
HEADER = ("订单编号", "付款时间", "标题", "数量", "实付", "手机", "会员名", "状态", "退款金额", "退款时间")
FIELDS = ("order", "paid_at", "title", "quantity", "amount", "phone", "nick", "status", "refund", "refunded_at")
BASE: dict[str, Any] = {
    "id": "taobao-shop",
    "name": "淘宝店",
    "channel": "taobao",
    "columns": dict(zip(FIELDS, HEADER, strict=True)),
    "statuses": {"paid": ["交易成功"], "refunded": ["已退款"], "closed": ["交易关闭"], "open": ["等待买家付款"]},
}
ROW = {
    "order": "1001",
    "paid_at": "2026-03-08 10:20:30",
    "title": "爱奇艺月卡",
    "quantity": "1",
    "amount": "19.90",
    "phone": "138****8001",
    "nick": "",
    "status": "交易成功",
    "refund": "",
    "refunded_at": "",
}


def source(**more: Any) -> Source:
    return Source.model_validate({**BASE, **more})


def row(**more: str) -> dict[str, str]:
    return {**ROW, **more}


def text_of(rows: Iterable[dict[str, str]], header: Sequence[str] = HEADER) -> str:
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([one.get(name, "") for name in FIELDS] for one in rows)
    return out.getvalue()


def export(data: bytes, src: Source | None = None) -> Export:
    src = src or source()
    where, rest = places(src, records(src, data))
    return read_orders(RowReader(src, where, ZONE, NOW), rest)


def read(*rows: dict[str, str], src: Source | None = None) -> Export:
    return export(text_of(rows).encode(), src)


def only(found: Export) -> ReadOrder:
    assert found.faults == []
    (one,) = found.orders
    return one


def refused(*rows: dict[str, str], src: Source | None = None) -> list[tuple[int, str]]:
    found = read(*rows, src=src)
    assert found.orders == []
    return [(fault.line, fault.code) for fault in found.faults]
