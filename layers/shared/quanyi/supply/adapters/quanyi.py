"""Suppliers that speak our open contract (`docs/supply-contract.md`): another Quanyi, or anybody who serves it.

What is not signed, not in time or not in the contract's form is no answer: `unknown`. A signed refusal of an order is
definite. That holds for `key_reused` too: the seller has another order under this key (other goods, another quantity,
another account) and did nothing for this one; asking about the key would answer for that other order, so the key must
not be asked about again. Such an order is in the seller's statement, where a person finds it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import ValidationError

from quanyi.cards.model import Face
from quanyi.money import Money
from quanyi.secret import Secret
from quanyi.signed import KEY, is_signed, signed
from quanyi.supply.access import Access
from quanyi.supply.contract import (
    DEFINITE,
    MOST_CODES,
    ROOT,
    Balance,
    CardView,
    CheckBody,
    CheckView,
    GoodsList,
    GoodsView,
    Hint,
    OrderBody,
    OrderView,
    Problem,
    Question,
    QuoteView,
    StatementLine,
    StatementView,
    StockBody,
    StockView,
    Told,
    signed_path,
)
from quanyi.supply.port import (
    UNKNOWN,
    Ability,
    Answer,
    Asked,
    BoughtCard,
    Call,
    Called,
    Forged,
    Goods,
    GoodsPage,
    NoAnswer,
    Recharge,
    StatementRow,
    Wanted,
)
from quanyi.supply.wire import Reply, Send, send

ABILITIES: frozenset[Ability] = frozenset(
    {
        *("cards", "topup", "callback", "balance", "stock", "quote", "goods", "cancel", "check", "statement"),
        "price_limit",
    }
)
MOST_PAGES = 1000
"""Of a statement: one that never ends is no answer."""
_WORD = re.compile(r"[a-z][a-z_]{0,63}")
_T = TypeVar("_T", bound=Told)
_Q = TypeVar("_Q", bound=Question)
OK, NOT_FOUND = 200, 404


class _Order(OrderView):
    cost: Any = None
    """Read apart: a price that is none does not take the delivered cards away."""


@dataclass(frozen=True)
class Quanyi:
    """`account` holds `key_id`, each version of the secrets `secret`."""

    access: Access
    send: Send = send

    @property
    def abilities(self) -> frozenset[Ability]:
        return ABILITIES

    def order(self, wanted: Wanted) -> Answer:
        answer = self._place(wanted, {})
        if answer.state != "done":
            return answer
        # Cards are told to who asks how it stands, nowhere else.
        collected = self.query(Asked(wanted.purchase, answer.number, topup=False, sent_at=wanted.at))
        known = collected.state not in ("unknown", "absent")
        return collected if known else replace(answer, state="pending")

    def recharge(self, wanted: Recharge) -> Answer:
        return self._place(wanted, wanted.account)

    def query(self, asked: Asked) -> Answer:
        return self._standing(asked, self._ask("GET", f"/orders/{asked.purchase}"))

    def cancel(self, asked: Asked) -> Answer:
        """A key that the seller does not know is closed by it: an order that arrives later is refused."""
        reply = self._ask("POST", f"/orders/{asked.purchase}/cancel", body=b"{}")
        answer = self._standing(asked, reply, cards=False)
        return self.query(asked) if answer.state == "done" else answer

    def read(self, call: Call) -> Called:
        path = signed_path(call.path, call.query)
        mine = call.headers.get(KEY.lower()) == self.access.account.get("key_id")
        if not (mine and is_signed(call.headers, self._secrets, self.access.now(), call.method, path, call.body)):
            raise Forged
        try:
            return Called(Hint.model_validate_json(call.body).key)
        except ValidationError:
            raise Forged from None

    def balance(self) -> Money:
        return self._mine(self._told(Balance, self._ask("GET", "/balance")))

    def stock(self, codes: Sequence[str]) -> Mapping[str, int | None]:
        found: dict[str, int | None] = {}
        for start in range(0, len(codes), MOST_CODES):
            asked = self._question(StockBody, codes=tuple(codes[start : start + MOST_CODES]))
            reply = self._ask("POST", "/goods/stock", body=asked.model_dump_json().encode())
            found |= self._told(StockView, reply).stock
        return found

    def quote(self, code: str, quantity: int) -> Money:
        path = f"/goods/{self._code(code)}/quote"
        told = self._told(QuoteView, self._ask("GET", path, {"quantity": str(quantity)}))
        if (told.code, told.quantity) != (code, quantity):
            raise NoAnswer("The supplier answered another question.", reason="other_question")
        return self._mine(told.cost)

    def goods(self, after: str = "") -> GoodsPage:
        told = self._told(GoodsList, self._ask("GET", "/goods", {"after": after} if after else None))
        return GoodsPage(tuple(_goods(one) for one in told.items), told.next)

    def check(self, code: str, account: Mapping[str, Secret]) -> bool | None:
        asked = self._question(CheckBody, account=dict(account))
        return self._told(CheckView, self._ask("POST", f"/goods/{self._code(code)}/check", body=asked.to_json())).ok

    def statement(self, day: str) -> Sequence[StatementRow]:
        rows: list[StatementRow] = []
        after = ""
        for _ in range(MOST_PAGES):
            told = self._told(
                StatementView, self._ask("GET", f"/statements/{day}", {"after": after} if after else None)
            )
            if told.day != day:
                raise NoAnswer("The supplier answered another question.", reason="other_question")
            rows += [_row(line) for line in told.rows]
            after = told.next
            if not after:
                return rows
        raise NoAnswer("The supplier's statement has no end.", reason="endless")

    # Below: what an order's answers say.

    def _place(self, wanted: Wanted, account: Mapping[str, Secret]) -> Answer:
        try:
            body = OrderBody(
                key=wanted.purchase,
                code=wanted.code,
                quantity=wanted.quantity,
                most=wanted.most,
                currency=wanted.currency,
                account=dict(account),
                notify_url=wanted.notify_url or None,
            )
        except ValidationError:  # no such code or account can be there; nothing was sent
            return Answer("failed", reason="outside_contract")
        reply = self._ask("POST", "/orders", body=body.to_json())
        if reply is None:
            return UNKNOWN
        if reply.status in DEFINITE:
            problem = _read(Problem, reply.body)
            return Answer("failed", reason=problem.code) if problem else UNKNOWN
        asked = Asked(wanted.purchase, "", isinstance(wanted, Recharge), wanted.at)
        return self._standing(asked, reply, cards=False)

    def _standing(self, asked: Asked, reply: Reply | None, *, cards: bool = True) -> Answer:
        if reply is None:
            return UNKNOWN
        if reply.status == NOT_FOUND:
            problem = _read(Problem, reply.body)
            unknown_there = problem and (problem.code, problem.key) == ("not_found", asked.purchase)
            return Answer("absent") if unknown_there else UNKNOWN
        order = _read(_Order, reply.body) if reply.status in (200, 201) else None
        if order is None or order.key != asked.purchase:
            return UNKNOWN
        delivered = order.cards or ()
        if cards and not asked.topup and (order.state == "done" or delivered):
            whole = order.cards is not None and len(delivered) == order.delivered
            if not whole:
                return UNKNOWN
        # What failed after some cards came is over, and its cards are still to be collected.
        collect = not cards and not asked.topup and order.delivered > 0 and order.state == "failed"
        cost = _read_money(order.cost)
        mine = cost is not None and cost.currency == self.access.currency
        return Answer(
            "done" if collect else order.state,
            order.number,
            tuple(_bought(card) for card in delivered) if cards and not asked.topup else (),
            cost.amount if cost and mine else None,
            _word(order.reason) or ("other_currency" if cost and not mine else ""),
        )

    # Below: asking.

    @property
    def _secrets(self) -> tuple[Secret, ...]:
        return tuple(version["secret"] for version in self.access.secrets)

    def _ask(self, method: str, path: str, query: Mapping[str, str] | None = None, body: bytes = b"") -> Reply | None:
        """None for whatever is not the supplier's own answer."""
        target = signed_path(ROOT + path, query)
        try:
            now, key_id = self.access.now(), self.access.account["key_id"]
            headers = signed(key_id, self._secrets[0], now, method, target, body)
            headers["Content-Type"] = "application/json"
            reply = self.send(method, self.access.endpoint.rstrip("/") + target, headers, body)
            authentic = is_signed(
                reply.headers, self._secrets, self.access.now(), str(reply.status), target, reply.body
            )
        except Exception:  # noqa: BLE001 - network, bad answer: all the same to us, and none may be quoted
            return None
        return reply if authentic else None

    def _told(self, kind: type[_T], reply: Reply | None) -> _T:
        """Raises NoAnswer."""
        told = _read(kind, reply.body) if reply and reply.status == OK else None
        if told is None:
            problem = _read(Problem, reply.body) if reply else None
            raise NoAnswer(reason=problem.code) if problem else NoAnswer
        return told

    def _question(self, kind: type[_Q], **asked: Any) -> _Q:
        """Raises NoAnswer for what cannot be asked."""
        try:
            return kind.model_validate(asked)
        except ValidationError:
            raise NoAnswer("This cannot be asked under the contract.", reason="outside_contract") from None

    def _code(self, code: str) -> str:
        return self._question(StockBody, codes=(code,)).codes[0]

    def _mine(self, money: Money) -> Money:
        if money.currency != self.access.currency:
            raise NoAnswer("The supplier counts in another currency.", reason="other_currency")
        return money


def _read(kind: type[_T], body: bytes) -> _T | None:
    try:
        return kind.model_validate_json(body)
    except ValidationError:
        return None


def _read_money(told: Any) -> Money | None:
    try:
        return Money.model_validate(told)
    except ValidationError:
        return None


def _word(reason: str) -> str:
    return reason if not reason or _WORD.fullmatch(reason) else "unclear"


def _bought(card: CardView) -> BoughtCard:
    pin = Secret(card.pin) if card.pin else None
    shape = "number_pin" if pin else "link" if card.number.startswith(("http://", "https://")) else "code"
    return BoughtCard(Face(card.format or shape, Secret(card.number), pin), card.expires_at)


def _goods(one: GoodsView) -> Goods:
    return Goods(
        one.code,
        one.title,
        one.kind,
        one.cost.amount,
        one.cost.currency,
        one.face_value,
        one.stock,
        one.on_sale,
        one.minimum,
        one.most,
        one.fields,
    )


def _row(line: StatementLine) -> StatementRow:
    return StatementRow(line.key, line.number, line.amount, line.currency, line.at, line.quantity, line.kind)
