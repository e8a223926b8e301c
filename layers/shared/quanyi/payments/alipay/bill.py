"""Alipay's bill of a day: a zip with the trades (业务明细) and their sums, in GBK, comment lines marked `#`
(https://opendocs.alipay.com/open/204/106262)."""

import csv
from collections.abc import Iterator, Mapping
from io import BytesIO, TextIOWrapper
from zipfile import BadZipFile, ZipFile

from quanyi.errors import Malformed
from quanyi.payments.alipay.amounts import fen
from quanyi.payments.alipay.china_time import china_moment
from quanyi.payments.alipay.gateway import Answer, Gateway, Unclear, done, reason
from quanyi.payments.alipay.notices import CURRENCY, is_payment, is_refund
from quanyi.payments.port import ProviderUnavailable, SettlementRow

MAX_FILE = 128 * 1024 * 1024
"""Bytes, packed; a row packs to about 60."""
MAX_PLAIN = 2 * 1024 * 1024 * 1024

TRADE, ORDER, KIND, DONE_AT = "支付宝交易号", "商户订单号", "业务类型", "完成时间"
AMOUNT, REQUEST, FEE = "订单金额", "退款批次号/请求号", "服务费"
_COLUMNS = frozenset((TRADE, ORDER, KIND, DONE_AT, AMOUNT, REQUEST, FEE))


def bill(gateway: Gateway, day: str) -> bytes | None:
    """The zip of that day in China, there from about ten o'clock on the day after; None when there is none. Its address
    serves for 30 seconds, so it is fetched at once. Raises ProviderUnavailable.

    https://opendocs.alipay.com/apis/api_15/alipay.data.dataservice.bill.downloadurl.query
    """
    content = {"bill_type": "trade", "bill_date": day}
    try:
        answer = gateway.ask("alipay.data.dataservice.bill.downloadurl.query", content)
        if reason(answer) == "BILL_NOT_EXIST":
            return None
        data = gateway.download(_address(answer), MAX_FILE)
    except Unclear:
        raise ProviderUnavailable("The bill could not be fetched.") from None
    if not data.startswith(b"PK"):  # a page that says that the address is too old
        raise ProviderUnavailable("The bill could not be fetched.")
    return data


def _address(answer: Answer) -> str:
    url = answer.get("bill_download_url")
    if not done(answer) or not isinstance(url, str):
        raise Unclear
    return url


def rows(data: bytes) -> Iterator[SettlementRow]:
    """The payments and refunds in it, in its order. Raises Malformed."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_PLAIN:
                raise Malformed("The bill is too large.")
            for entry in archive.infolist():  # told apart by their columns: the names are GBK without saying so
                with archive.open(entry) as file:
                    yield from _trades(TextIOWrapper(file, encoding="gb18030", errors="replace", newline=""))
    except (BadZipFile, ValueError, KeyError, csv.Error, NotImplementedError, RuntimeError):
        raise Malformed("This is not a bill of Alipay's.") from None


def _trades(lines: TextIOWrapper) -> Iterator[SettlementRow]:
    columns: list[str] = []
    for cells in csv.reader(line for line in lines if not line.lstrip().startswith("#")):
        values = [cell.strip() for cell in cells]
        if columns and any(values):
            if len(values) < len(columns):
                raise ValueError("a row is cut off")
            yield _row(dict(zip(columns, values, strict=False)))
        elif not columns:
            names = [value.removesuffix("（元）").removesuffix("(元)") for value in values]
            if not names or not _COLUMNS.issubset(names):
                return  # the sums
            columns = names


def _row(cells: Mapping[str, str]) -> SettlementRow:
    amount, fee = fen(cells[AMOUNT]), abs(fen(cells[FEE] or "0"))
    refund = cells[KIND] == "退款" or amount < 0
    number = cells[REQUEST] if refund else cells[ORDER]
    return SettlementRow(
        kind="refund" if refund else "payment",
        transaction=cells[TRADE],
        number=number if (is_refund if refund else is_payment)(number) else "",
        amount=abs(amount),
        fee=-fee if refund else fee,  # taken with a payment, given back with a refund, whatever sign the file uses
        currency=CURRENCY,
        at=china_moment(cells[DONE_AT]),
    )
