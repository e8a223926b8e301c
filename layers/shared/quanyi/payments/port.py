"""What every payment provider can do for us. Adding one is a module with such a class and an entry in the registry;
`docs/payments.md` shows how.

Refunds and queries have three outcomes, never two: a provider that did not answer clearly is `unknown`, and what is
unknown is asked again, never done again under another id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeAlias, get_args, runtime_checkable

from quanyi.errors import Invalid, Refusal
from quanyi.orders.numbers import order_of

Outcome = Literal["succeeded", "failed", "unknown"]
Client = Literal["desktop", "phone", "app", "wechat", "mini_program"]
"""What the shopper holds: a browser at a desk or on a phone, the shop's own app, WeChat's browser, a mini-program."""
CLIENTS: tuple[Client, ...] = get_args(Client)


class Forged(Refusal):
    """A notification whose signature, age or merchant account is not right. Nothing was read from it. `probe` is set
    where the provider itself sends badly signed ones to see that we check: no reason for an alarm."""

    status, code, title = 401, "notification_refused", "The notification is not genuine"

    def __init__(self, detail: str = "", *, probe: bool = False) -> None:
        super().__init__(detail)
        self.probe = probe


class NotMade(Invalid):
    """The provider is sure to have no such payment, and will have none."""


class Unsent(NotMade):
    """We refused to ask the provider for it."""


class ProviderUnavailable(Refusal):
    """The provider did not answer clearly, or has failed so often that it is not asked for a while."""

    status, code, title = 503, "provider_unavailable", "The payment provider does not answer"


class NoSuchProvider(Refusal):
    status, code, title = 422, "provider_not_offered", "This payment provider is not offered here"


@dataclass(frozen=True)
class Method:
    """One way to pay at a provider. `clients` can use it. `least` is how long a payment stays open at the provider at
    least: an order must wait that long for it."""

    name: str
    clients: frozenset[Client] = frozenset(CLIENTS)
    least: timedelta = timedelta(0)
    needs_payer: bool = False
    """`Intent.payer` must be given: an openid."""
    asks_nobody: bool = False
    """Making one only signs an address: it says nothing about whether the provider works."""


@dataclass(frozen=True)
class Intent:
    """One try to pay. `deadline` is the provider's own, earlier than the order's. `payment` is the number that the
    provider knows it by (30 characters at most, letters and digits)."""

    payment: str
    amount: int
    currency: str
    deadline: datetime
    title: str
    method: str = ""
    notify_url: str = ""
    return_url: str = ""
    """Where the provider sends the shopper's browser afterwards."""
    payer: str = ""
    """The shopper as the provider knows them: an openid."""
    ip: str = ""

    @property
    def order(self) -> str:
        return order_of(self.payment)


@dataclass(frozen=True)
class Created:
    """`action` is what the shopper must do: `{"type": "redirect", "url": ...}`, `{"type": "qr", "text": ...}`,
    `{"type": "form", "url": ..., "fields": {...}}` or `{"type": "client", ...}` for a client-side library.
    `reference` is the provider's own name of the payment, where it needs one to be asked about it.
    A `fleeting` action holds what must not be kept; it is made again by the same intent."""

    action: dict[str, Any] = field(repr=False)
    reference: str = ""
    fleeting: bool = False


@dataclass(frozen=True)
class Try:
    """A payment as the order knows it, to ask the provider about."""

    payment: str
    amount: int
    currency: str
    created_at: datetime
    method: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Refunding:
    """Money to send back. `refund` is the idempotency key (at most 30 characters: letters, digits, `-`); `captured` is
    what the provider took with `transaction`."""

    refund: str
    payment: str
    transaction: str
    amount: int
    captured: int
    currency: str
    reason: str
    created_at: datetime
    """When it was decided on, or asked for again."""
    reference: str = ""
    again: int = 0
    """How often a person had it asked for again after it had failed, for a provider that keeps a failed refund under
    its key."""


# What a genuine notification or an answer tells. Amounts in minor units.


@dataclass(frozen=True)
class Captured:
    """The provider's word, verified or queried, that it took money. `fee` is what it keeps, where it says so; `payer`
    is the account that paid, as the provider names it: personal data, of which only a keyed hash is kept."""

    payment: str
    transaction: str
    amount: int
    currency: str
    fee: int = 0
    payer: str = field(default="", repr=False, compare=False)

    @property
    def order(self) -> str:
        return order_of(self.payment)


@dataclass(frozen=True)
class TryFailed:
    """The provider or the shopper's bank refused a try; the payment stays open. `failure` names it, `reason` is why."""

    payment: str
    failure: str
    reason: str = ""


@dataclass(frozen=True)
class RefundTold:
    """How a refund of ours stands. `refund` is our key."""

    payment: str
    refund: str
    outcome: Outcome


@dataclass(frozen=True)
class TakenBack:
    """Money that left the merchant's account without a refund of ours: made in the provider's console, or a lost
    dispute. `reference` names it at the provider, once for ever."""

    payment: str
    reference: str
    amount: int
    currency: str
    reason: str


CaseKind = Literal["complaint", "dispute"]
CaseEnd = Literal["", "won", "lost", "closed"]


@dataclass(frozen=True)
class CaseTold:
    """A complaint (消费者投诉) or dispute (chargeback) as its provider tells of it. `case` is the provider's number;
    `due_at` is by when an answer must be there; `end` is empty while open; `text` is the buyer's own words, `later`
    those since, oldest first: personal data, sealed where it is kept. `amount` is of the payment and all of `also`."""

    case: str
    kind: CaseKind
    payment: str
    amount: int
    currency: str
    reason: str
    opened_at: datetime
    due_at: datetime | None = None
    end: CaseEnd = ""
    waits_for_us: bool = True
    inquiry: bool = False
    """Of a dispute: the bank only asks, and has taken no money yet. A refund answers it; it cannot be accepted."""
    also: tuple[str, ...] = ()
    text: str = field(default="", repr=False)
    later: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class CaseHint:
    """A notification that names a case without telling about it: it is fetched by `CaseDesk.case`."""

    case: str


Notice: TypeAlias = Captured | TryFailed | RefundTold | TakenBack | CaseTold | CaseHint


@dataclass(frozen=True)
class Reply:
    """What a provider wants to hear, to the byte."""

    status: int
    body: str
    content_type: str = "application/json"


class Provider(Protocol):
    """Money in minor units, moments in UTC. Every method may be repeated with the same arguments. Whatever the
    provider's library or network raises becomes `unknown` or ProviderUnavailable inside the adapter."""

    @property
    def name(self) -> str: ...

    @property
    def refund_gap(self) -> timedelta:
        """How far apart refunds of one transaction must be."""
        ...

    def create(self, intent: Intent) -> Created:
        """Raises ProviderUnavailable, NotMade, and Invalid where it cannot be made, but may be there from before."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Notice]:
        """Checks a notification over its raw bytes (header names in lower case); empty when it is genuine but about
        nothing we keep. Raises Forged, Malformed."""
        ...

    def accepted(self) -> Reply:
        """What acknowledges a notification."""
        ...

    def refused(self, status: int, code: str) -> Reply:
        """What says that it was not taken: forged (401) or to be sent again (5xx). It names no detail."""
        ...

    def query(self, known: Try) -> Captured | Literal["open", "closed", "unknown"]:
        """How a payment stands at the provider. One that the provider never heard of is `closed` only when it can no
        longer be made."""
        ...

    def close(self, known: Try) -> Captured | Literal["closed", "unknown"]:
        """Makes sure that the payment can no longer be made; answers the capture if it was faster."""
        ...

    def refund(self, asked: Refunding) -> Outcome:
        """Sends money back. An unclear answer is `unknown`; so is one that is accepted but not done yet."""
        ...

    def query_refund(self, asked: Refunding) -> Outcome:
        """How a refund that was asked for stands; `failed` when the provider is sure not to have done it."""
        ...


@runtime_checkable
class CaseDesk(Protocol):
    """A provider that takes our word in complaints or disputes."""

    def case(self, case: str) -> CaseTold:
        """The case as it stands. Raises NotFound, ProviderUnavailable."""
        ...

    def cases_since(self, since: datetime, now: datetime) -> Sequence[CaseTold]:
        """Cases opened or changed since then: notifications can be lost. Raises ProviderUnavailable."""
        ...

    def answer_case(self, case: str, words: str, evidence: Mapping[str, str], since: datetime) -> Outcome:
        """Sends our words and, where the provider takes it, the evidence (field name to text). `since` is when that was
        decided: the same words said before then were another answer."""
        ...

    def give_in(self, case: str) -> Outcome:
        """Accepts the case: a dispute is lost by it, a complaint is reported as solved. Raises Conflict where the
        provider would take that for a promise of money (`use_refund`)."""
        ...

    def money_back(self, case: str, whole: bool) -> Outcome | Literal["open"]:
        """Reports that we send money back: all that was left (`whole`), or some. `open`: the case goes on all the
        same."""
        ...


@runtime_checkable
class RefundRefusal(Protocol):
    """A provider at which a buyer's demand for a refund can be refused as such."""

    def decline(self, case: str, words: str, since: datetime) -> Outcome:
        """`words` are the reason. `since` as in `CaseDesk.answer_case`. Raises Invalid; Conflict (`no_refund_asked`)
        where the case asks for none."""
        ...


@dataclass(frozen=True)
class SettlementRow:
    """A line of a provider's bill. `amount` is positive for a payment and for a refund alike; `fee` is what the
    provider kept of it (negative where a refund returns it). `number` is our payment or refund key, if it has one.
    `about` is the provider's number of the payment that was taken back of, where `transaction` is not that."""

    kind: Literal["payment", "refund", "dispute"]
    transaction: str
    number: str
    amount: int
    fee: int
    currency: str
    at: datetime
    about: str = ""

    @property
    def paid(self) -> str:
        """The provider's number of the payment."""
        return self.about or self.transaction


@runtime_checkable
class Billing(Protocol):
    """A provider whose settlement file we can fetch."""

    def bill(self, day: str) -> bytes | None:
        """The file of that day (ISO date in the provider's own zone); None when there is none (yet). Raises
        ProviderUnavailable."""
        ...


@runtime_checkable
class DeliveryReporting(Protocol):
    """A provider that holds money until a delivery was reported."""

    def report_delivery(self, transaction: str, payer: str, what: str, at: datetime) -> Outcome:
        """`what` names the goods; the same again is harmless."""
        ...
