"""A market whose sandbox hears complaints and disputes, and the office that answers them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from cases.answers import answer_case
from cases.messages import AnswerBody
from cases.wiring import Office
from fulfill.reveal import reveal
from quanyi.batches.table import BatchesTable
from quanyi.callers import Caller
from quanyi.cases.model import Case, case_id
from quanyi.cases.sealed import CaseSeal
from quanyi.cases.table import CasesTable
from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.orders.model import Order
from quanyi.payments.port import CaseHint, CaseTold, Outcome, Provider, ProviderUnavailable
from quanyi.payments.registry import Providers
from quanyi.payments.sandbox import Sandbox
from tests.aws.conftest import Cloud
from tests.aws.market import Market

OPERATOR = Caller(role="operator", key_id="OP1")
SUPPORT = Caller(role="support", key_id="SU1")
WORDS = "客服不理我，电话 13800138000"
OURS = "您好，订单已于当日发货并被查看。"


@dataclass
class Desk:
    """The sandbox as a provider that hears complaints and disputes, and minds its own state."""

    inner: Sandbox
    told: dict[str, CaseTold] = field(default_factory=dict[str, CaseTold])
    heard: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    evidence: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    down: bool = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def case(self, case: str) -> CaseTold:
        if self.down:
            raise ProviderUnavailable
        if case not in self.told:
            raise NotFound("case")
        return self.told[case]

    def cases_since(self, since: datetime, now: datetime) -> Sequence[CaseTold]:
        if self.down:
            raise ProviderUnavailable
        return tuple(self.told.values())

    def answer_case(self, case: str, words: str, evidence: Mapping[str, str], since: datetime) -> Outcome:
        if len(words) > 200:
            raise Invalid("too long", reason="answer_too_long")
        said = self.heard.setdefault(case, [])
        self.evidence.append(evidence)
        if words not in said:
            said.append(words)
        self.told[case] = replace(self.told[case], waits_for_us=False)
        return self.outcomes.pop(0) if self.outcomes else "succeeded"

    def give_in(self, case: str) -> Outcome:
        outcome: Outcome = self.outcomes.pop(0) if self.outcomes else "succeeded"
        if outcome == "succeeded":
            told = self.told[case]
            self.told[case] = replace(told, end="lost" if told.kind == "dispute" else "closed", waits_for_us=False)
        return outcome

    def money_back(self, case: str, whole: bool) -> Outcome | Literal["open"]:
        if not whole and self.told[case].reason == "refund":
            return "open"
        return self.give_in(case)

    def decline(self, case: str, words: str, since: datetime) -> Outcome:
        if self.told[case].reason != "refund":
            raise Conflict("no refund was asked for", reason="no_refund_asked")
        return self.answer_case(case, words, {}, since)


@dataclass
class Court:
    """A market whose sandbox hears cases."""

    market: Market
    desk: Desk
    office: Office

    def sold(self, quantity: int = 1, *, seen: bool = False, **more: Any) -> Order:
        order = self.market.pay(self.market.place(quantity=quantity, **more))
        self.market.run()
        if seen:
            reveal(self.market.works, buyer(order), order.id)
        return self.market.order(order)

    def brings(self, order: Order, kind: Any = "complaint", number: str = "N1", **more: Any) -> CaseTold:
        now = self.market.now
        fields: dict[str, Any] = {
            "reason": "refund",
            "opened_at": now,
            "due_at": now + timedelta(hours=24),
            "text": WORDS,
            **more,
        }
        told = CaseTold(number, kind, order.payments[0].id, order.total, "CNY", **fields)
        self.desk.told[number] = told
        return told

    def take(self, notice: CaseTold | CaseHint) -> Case:
        case = self.office.intake.take(self.provider, notice)
        assert case
        return case

    @property
    def provider(self) -> Provider:
        return self.office.providers.get("sandbox")

    def answer(self, case: Case, key: str = "k1", caller: Caller = SUPPORT, **body: Any) -> Case:
        return answer_case(self.office, caller, case.id, key, AnswerBody.model_validate(body))

    def case(self, number: str = "N1") -> Case:
        return self.office.cases.get(case_id("sandbox", number))

    def order(self, order: Order) -> Order:
        return self.market.order(order)


def buyer(order: Order) -> Caller:
    return Caller(role="order", order=order.id, ip="198.51.100.7")


def made(cloud: Cloud) -> Court:
    """With a dozen cards for sale."""
    market = Market(cloud)
    market.sku()
    market.stock("ik-month", 12)
    desk = Desk(market.sandbox)
    shop = market.shop
    office = Office(
        cases=CasesTable(shop.orders.table),
        orders=shop.orders,
        members=shop.members,
        seal=CaseSeal(shop.members, cloud.keyring),
        cards=shop.cards,
        batches=BatchesTable(cloud.table("SupplyTable")),
        providers=Providers({"sandbox": desk}),  # type: ignore[dict-item]
        workflow=market.workflow,  # type: ignore[arg-type]
        risk=market.risk,
        now=lambda: market.now,
    )
    return Court(market, desk, office)
