"""What the local Alipay remembers: trades, refunds and complaints. No HTTP, no keys.

Amounts are fen; moments are UTC. A refusal carries Alipay's own `sub_code`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from secrets import randbelow
from threading import RLock

REFUND_GAP = timedelta(seconds=3)
"""Between two refunds of one trade that the merchant asks for; Alipay does not document by which code it refuses."""
CHINA = timezone(timedelta(hours=8))


class Refused(Exception):
    def __init__(self, sub_code: str) -> None:
        super().__init__(sub_code)
        self.sub_code = sub_code


class Lost(Exception):
    """No reply is sent."""


@dataclass
class Refund:
    request: str
    amount: int
    at: datetime
    by_us: bool = True


@dataclass
class Trade:
    """`number` is empty until the shopper began: before that Alipay knows no trade by the merchant's number."""

    payment: str
    amount: int
    subject: str
    method: str
    expires: datetime
    notify_url: str
    return_url: str
    number: str = ""
    status: str = ""
    paid: int = 0
    currency: str = ""
    begun_at: datetime | None = None
    paid_at: datetime | None = None
    refunds: dict[str, Refund] = field(default_factory=dict[str, Refund])

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds.values())


@dataclass
class Complaint:
    number: str
    trade: Trade
    reason: str
    words: str
    opened_at: datetime
    changed_at: datetime
    status: str = "MERCHANT_PROCESSING"
    said: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    feedback: str = ""


class Books:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.trades: dict[str, Trade] = {}
        self.complaints: dict[str, Complaint] = {}
        self.lock = RLock()
        self.query_lag = timedelta(0)
        """So long after it was made, a question about a refund misses it."""
        # The shop remembers transactions longer than we live: another process must not give the same numbers.
        self._numbers = count(1 + randbelow(10**8))

    def offer(self, trade: Trade) -> Trade:
        """The merchant's wish to be paid, by a page's address or a code. The same again is the same."""
        with self.lock:
            known = self.trades.setdefault(trade.payment, trade)
            if known.status == "TRADE_CLOSED":
                raise Refused("ACQ.TRADE_HAS_CLOSE")
            if known.status in ("TRADE_SUCCESS", "TRADE_FINISHED"):
                raise Refused("ACQ.TRADE_HAS_SUCCESS")
            if known.amount != trade.amount:
                raise Refused("ACQ.CONTEXT_INCONSISTENT")
            if trade.expires <= self.clock():
                raise Refused("ACQ.INVALID_PARAMETER")
            return known

    def begin(self, payment: str) -> Trade:
        """The shopper logs in at the cashier, or scans the code: now there is a trade."""
        with self.lock:
            trade = self.trades[payment]
            self._expire(trade)
            if trade.status == "TRADE_CLOSED" or trade.expires <= self.clock():
                raise Refused("ACQ.TRADE_HAS_CLOSE")
            if not trade.number:
                trade.begun_at = self.clock()
                trade.number = f"{trade.begun_at.astimezone(CHINA):%Y%m%d}22001{next(self._numbers):015d}"
                trade.status = "WAIT_BUYER_PAY"
            return trade

    def pay(self, payment: str, amount: int | None = None, currency: str | None = None) -> Trade:
        """Paying twice is one payment. `amount` and `currency` can be wrong on purpose."""
        with self.lock:
            trade = self.begin(payment)
            if trade.status == "WAIT_BUYER_PAY":
                trade.status, trade.paid_at = "TRADE_SUCCESS", self.clock()
                trade.paid = trade.amount if amount is None else amount
                trade.currency = currency or ""
            return trade

    def finish(self, payment: str) -> Trade:
        """The time in which it could be refunded is over."""
        with self.lock:
            trade = self.trades[payment]
            trade.status = "TRADE_FINISHED"
            return trade

    def known(self, payment: str, number: str = "") -> Trade:
        """By the merchant's number or Alipay's."""
        with self.lock:
            found = [
                trade
                for trade in self.trades.values()
                if trade.number and (trade.number == number if number else trade.payment == payment)
            ]
            if not found:
                raise Refused("ACQ.TRADE_NOT_EXIST")
            self._expire(found[0])
            return found[0]

    def close(self, payment: str, number: str = "") -> Trade:
        with self.lock:
            trade = self.known(payment, number)
            if trade.status != "WAIT_BUYER_PAY":
                raise Refused("ACQ.TRADE_STATUS_ERROR")
            trade.status = "TRADE_CLOSED"
            return trade

    def refund(self, trade: Trade, request: str, amount: int, *, by_us: bool = True) -> bool:
        """Whether money moved: the same request again moves none."""
        with self.lock:
            known = trade.refunds.get(request)
            if known is not None:
                if known.amount != amount:
                    raise Refused("ACQ.DISCORDANT_REPEAT_REQUEST")
                return False
            newest = max((refund.at for refund in trade.refunds.values() if refund.by_us), default=None)
            if by_us and newest and self.clock() < newest + REFUND_GAP:
                raise Refused("ACQ.REFUND_TOO_FREQUENT")
            if trade.status == "TRADE_FINISHED":
                raise Refused("ACQ.TRADE_HAS_FINISHED")
            if trade.status != "TRADE_SUCCESS":
                raise Refused("ACQ.TRADE_STATUS_ERROR")
            if not 0 < amount <= trade.paid - trade.refunded:
                raise Refused("ACQ.REASON_TRADE_REFUND_FEE_ERR")
            trade.refunds[request] = Refund(request, amount, self.clock(), by_us)
            if trade.refunded == trade.paid:
                trade.status = "TRADE_CLOSED"
            return True

    def console_refund(self, payment: str, amount: int) -> Refund:
        """The merchant refunds at Alipay's own pages: the request's number is Alipay's."""
        with self.lock:
            trade = self.known(payment)
            request = f"{next(self._numbers):018d}"
            self.refund(trade, request, amount, by_us=False)
            return trade.refunds[request]

    def complain(self, payment: str, reason: str, words: str) -> Complaint:
        with self.lock:
            now = self.clock()
            number = f"{now.astimezone(CHINA):%Y%m%d}00102000000{next(self._numbers):09d}"
            made = Complaint(number, self.known(payment), reason, words, now, now)
            self.complaints[number] = made
            return made

    def say(self, complaint: Complaint, role: str, words: str, status: str = "") -> None:
        with self.lock:
            complaint.changed_at = self.clock()
            complaint.status = status or complaint.status
            at = f"{complaint.changed_at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
            complaint.said.append({"replier_role": role, "content": words, "gmt_create": at})

    def _expire(self, trade: Trade) -> None:
        if trade.status == "WAIT_BUYER_PAY" and trade.expires <= self.clock():
            trade.status = "TRADE_CLOSED"


def yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def china(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA).astimezone(UTC)
