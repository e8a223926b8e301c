"""The bill (业务明细) that the local Alipay makes of a day."""

from datetime import datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from tools.local.providers.alipay_books import Books, Trade, china, yuan

COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
FEE_PER_MILLE = 6
"""Alipay's usual 0.6 %, rounded half up to the fen."""


def bill(books: Books, day: str) -> bytes | None:
    """The zip of a day in China that is over and had money moving."""
    with books.lock:
        rows = sorted(row for trade in books.trades.values() for row in _rows(trade, day))
    if not rows or day >= china(books.clock())[:10]:
        return None
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("20880000000000000156_业务明细.csv", _details(day, [row for _, row in rows]))
        archive.writestr("20880000000000000156_业务明细(汇总).csv", _sums(day))
    return file.getvalue()


def fee(paid: int) -> int:
    return (paid * FEE_PER_MILLE + 500) // 1000


def _rows(trade: Trade, day: str) -> list[tuple[datetime, str]]:
    found: list[tuple[datetime, str]] = []
    if trade.paid_at and china(trade.paid_at)[:10] == day:
        found.append((trade.paid_at, _row(trade, "交易", trade.paid, trade.paid_at, "", -fee(trade.paid))))
    refunds = [refund for refund in trade.refunds.values() if china(refund.at)[:10] == day]
    return found + [(it.at, _row(trade, "退款", -it.amount, it.at, it.request, 0)) for it in refunds]


def _row(trade: Trade, kind: str, amount: int, at: datetime, request: str, fee: int) -> str:
    begun = china(trade.begun_at or at)
    cells = [f"{trade.number}\t", f"{trade.payment}\t", kind, trade.subject.replace(",", " "), begun, china(at)]
    cells += ["", "", "", "", "买**(138****0000)", yuan(amount), yuan(amount), *["0.00"] * 5, "", "0.00", "0.00"]
    return ",".join([*cells, f"{request}\t" if request else "", yuan(fee), "0.00", ""])


def _details(day: str, rows: list[str]) -> bytes:
    lines = [
        "#支付宝业务明细查询",
        "#账号：[20880000000000000156]",
        f"#起始日期：[{day} 00:00:00]   终止日期：[{day} 24:00:00]",
        "#-----------------------------------------业务明细列表----------------------------------------",
        COLUMNS,
        *rows,
        "#-----------------------------------------业务明细列表结束------------------------------------",
        f"#导出时间：[{day} 10:00:00]",
    ]
    return ("\r\n".join(lines) + "\r\n").encode("gbk")


def _sums(day: str) -> bytes:
    columns = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,服务费（元）,分润（元）"
    lines = ["#支付宝业务汇总查询", f"#起始日期：[{day} 00:00:00]", columns, "合计,,1,0,0.00,0.00,0.00,0.00"]
    return ("\r\n".join(lines) + "\r\n").encode("gbk")
