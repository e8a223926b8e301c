"""Where prepaid accounts live: the supply table.

    ACCOUNT#<channel>    ACCOUNT       list=ACCOUNTS, listed=<channel>
    ACCOUNT#<channel>    MOVE#<key>    list=MOVES#<channel>#<day>, listed=<at>#<key>
    ACCOUNT#<channel>    KEY#<key>     an order that it asked for, by its own key
    SUPPLIED#<order>     SUPPLIED      whose order that is, and under which key

A move and what it does to the balance are one transaction, and so is, for a charge, that its order was not refused. A
DynamoDB condition cannot add, so `left` (balance and credit together) is kept beside them: it never falls below zero.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from quanyi.accounts.model import Account, AccountTerms, Move, NotTaken, Supplied
from quanyi.accounts.numbers import NumbersTable
from quanyi.clock import day, stamp
from quanyi.errors import Conflict, KeyReused, NotFound
from quanyi.table import ConditionFailed, Item, Page, Table, Write

LISTED_INDEX = "listed-index"
ACCOUNTS = "ACCOUNTS"
NEW = "attribute_not_exists(pk)"
THERE = "attribute_exists(pk)"
ENOUGH = "#left >= :amount"
OPEN_TO_BUY = f"enabled = :yes AND currency = :currency AND {ENOUGH}"
MOVED = "SET balance = balance + :by, #left = #left + :by"
NOT_REFUSED = f"{THERE} AND attribute_not_exists(refused)"
NOT_TAKEN = f"{THERE} AND attribute_not_exists(taken) AND attribute_not_exists(refused)"
TRIES = 9
"""Of a transaction that meets another: an account's orders meet on its one balance. Some 2.5 s on average."""


class BalanceTooLow(Conflict):
    """More than the account has left; `extra["left"]` is how much that is."""

    code, title = "balance_too_low", "The account has not enough left"


@dataclass(frozen=True)
class AccountsTable:
    """`table` is the supply table; `zone` names the shop's time zone, whose days statements go by."""

    table: Table
    zone: str

    @property
    def numbers(self) -> NumbersTable:
        """What those who speak dujiao-next's protocol call things."""
        return NumbersTable(self.table)

    def find(self, channel: str) -> Account | None:
        """Consistent."""
        item = self.table.get(account_key(channel))
        return account_of(item) if item else None

    def get(self, channel: str) -> Account:
        """Raises NotFound."""
        found = self.find(channel)
        if found is None:
            raise NotFound("account")
        return found

    def page(self, *, limit: int, start: Item | None = None) -> Page:
        """Items by channel; `account_of` reads them. The index lags by moments."""
        return self.table.query("#list = :list", index=LISTED_INDEX, limit=limit, start=start, list=ACCOUNTS)

    def channels(self) -> list[str]:
        """Of every account, whether or not it may still buy. The index lags by moments."""
        return [item["listed"] for item in self.table.query_all("#list = :list", index=LISTED_INDEX, list=ACCOUNTS)]

    def open(self, account: Account) -> Account:
        """Raises Conflict (`stale_version`): there is one."""
        kept = account.model_dump(mode="json", exclude_none=True)
        listed = {"list": ACCOUNTS, "listed": account.channel, "v": 1}
        item = {**account_key(account.channel), **listed, **kept, "balance": 0, "left": account.credit}
        try:
            self.table.put(item, condition=NEW)
        except ConditionFailed as failed:
            raise _stale(failed.item) from None
        return account_of(item)

    def save(self, account: Account, terms: AccountTerms, now: datetime, by: str) -> Account:
        """Writes the terms over those of `account.version`. Raises Conflict (`stale_version`), BalanceTooLow: the
        account owes more than that credit."""
        values = terms.model_dump(mode="json")
        # What is left moves with the credit, whatever was bought since the account was read.
        change = (
            f"SET {', '.join(f'#{name} = :{name}' for name in values)}, #left = balance + :credit,"
            " version = version + :one, updated_at = :now, changed_by = :by"
        )
        condition = "version = :seen AND balance >= :lowest"
        more: dict[str, Any] = {"one": 1, "now": stamp(now), "by": by, "seen": account.version, "lowest": -terms.credit}
        try:
            return account_of(
                self.table.update(account_key(account.channel), change, condition=condition, **values, **more)
            )
        except ConditionFailed as failed:
            if failed.item.get("version") == account.version:
                raise BalanceTooLow("It owes more than that.", left=failed.item["left"]) from None
            raise _stale(failed.item) from None

    def note_credentials(self, channel: str, token: str, by: str, now: datetime) -> Account:
        """Who changed its secret; `token` names the call. Raises NotFound."""
        change = "SET credentials = :token, credentials_changed_at = :now, credentials_changed_by = :by"
        try:
            return account_of(
                self.table.update(account_key(channel), change, condition=THERE, token=token, now=stamp(now), by=by)
            )
        except ConditionFailed:
            raise NotFound("account") from None

    # Below: money.

    def find_move(self, channel: str, key: str) -> Move | None:
        item = self.table.get(_move_key(channel, key))
        return move_of(item) if item else None

    def take(self, supplied: Supplied, move: Move) -> Move:
        """Charges an order to its account, once for the move's key; answers the move that stands. Raises NotTaken,
        Busy."""
        writes = [
            self.table.write_put(self._item(move), condition=NEW),
            self.table.write_update(
                _supplied_key(supplied.channel, supplied.key), "SET taken = :yes", condition=NOT_REFUSED, yes=True
            ),
            self.table.write_update(
                account_key(move.channel),
                MOVED,
                condition=OPEN_TO_BUY,
                by=move.amount,
                amount=-move.amount,
                yes=True,
                currency=move.currency,
            ),
        ]
        try:
            self.table.together(writes, tries=TRIES)
        except ConditionFailed as failed:
            first = self.find_move(move.channel, move.key)
            if first is not None and first.kind == "charge":
                return first
            raise NotTaken(_why(failed.item, closed=first is not None)) from None
        return move

    def give(self, move: Move) -> Move:
        """Adds to a balance what comes back, or is paid in; once for the move's key. Raises NotFound, KeyReused,
        Busy."""
        return self._moved(move, THERE)

    def withdraw(self, move: Move) -> Move:
        """Takes out what a person pays back; once for the move's key. Raises NotFound, KeyReused, BalanceTooLow,
        Busy."""
        return self._moved(move, ENOUGH, amount=-move.amount)

    def close(self, move: Move) -> Move:
        """Puts a `closed` move where a charge would be, unless there is one; answers what stands there."""
        try:
            self.table.put({**_move_key(move.channel, move.key), **_kept(move)}, condition=NEW)
        except ConditionFailed as failed:
            return move_of(failed.item)
        return move

    def statement(self, channel: str, day: str, *, limit: int, after: str = "") -> tuple[list[Move], str]:
        """A shop day's moves that changed the balance, oldest first, and what to go on `after`: empty at the end. The
        index lags by moments."""
        where = "#list = :list" + (" AND listed > :after" if after else "")
        values: dict[str, Any] = {"list": _moves_of(channel, day)} | ({"after": after} if after else {})
        page = self.table.query(where, index=LISTED_INDEX, limit=limit, **values)
        return [move_of(item) for item in page.items], page.items[-1]["listed"] if page.next else ""

    def _moved(self, move: Move, condition: str, **values: Any) -> Move:
        writes: list[Write] = [
            self.table.write_put(self._item(move), condition=NEW),
            self.table.write_update(account_key(move.channel), MOVED, condition=condition, by=move.amount, **values),
        ]
        try:
            self.table.together(writes, tries=TRIES)
        except ConditionFailed as failed:
            first = self.find_move(move.channel, move.key)
            if first is None:
                if not failed.item:
                    raise NotFound("account") from None
                raise BalanceTooLow("The account has less.", left=failed.item["left"]) from None
            if (first.kind, first.amount, first.currency) != (move.kind, move.amount, move.currency):
                raise KeyReused("Under this number something else was booked.") from None
            return first
        return move

    def _item(self, move: Move) -> Item:
        listed = {"list": _moves_of(move.channel, day(move.at, self.zone)), "listed": f"{stamp(move.at)}#{move.key}"}
        return {**_move_key(move.channel, move.key), **listed, **_kept(move)}

    # Below: orders by their keys.

    def begin(self, supplied: Supplied) -> Supplied:
        """Takes a key, once; answers what stands under it."""
        owner = {"channel": supplied.channel, "key": supplied.key, "v": 1}
        writes = [
            self.table.write_put(_supplied_item(supplied), condition=NEW),
            # The order's number follows from the key: this one is there exactly if the other is.
            self.table.write_put({**_owner_key(supplied.order), **owner}),
        ]
        try:
            self.table.together(writes, tries=TRIES)
        except ConditionFailed as failed:
            return _supplied(failed.item)
        return supplied

    def supplied(self, channel: str, key: str) -> Supplied | None:
        item = self.table.get(_supplied_key(channel, key))
        return _supplied(item) if item else None

    def of_order(self, order: str) -> Supplied | None:
        """None: it was not asked for by an account."""
        owner = self.table.get(_owner_key(order))
        return self.supplied(owner["channel"], owner["key"]) if owner else None

    def refuse(self, supplied: Supplied, why: str) -> Supplied:
        """Refuses an order for good, unless it is paid for or was refused before; answers what stands."""
        key = _supplied_key(supplied.channel, supplied.key)
        try:
            return _supplied(self.table.update(key, "SET refused = :why", condition=NOT_TAKEN, why=why))
        except ConditionFailed as failed:
            return _supplied(failed.item)


def account_key(channel: str) -> dict[str, str]:
    return {"pk": f"ACCOUNT#{channel}", "sk": "ACCOUNT"}


def account_of(item: Item) -> Account:
    return Account.model_validate(item)


def move_of(item: Item) -> Move:
    return Move.model_validate(item)


def _supplied(item: Item) -> Supplied:
    return Supplied.model_validate(item)


def _move_key(channel: str, key: str) -> dict[str, str]:
    return {"pk": f"ACCOUNT#{channel}", "sk": f"MOVE#{key}"}


def _supplied_key(channel: str, key: str) -> dict[str, str]:
    return {"pk": f"ACCOUNT#{channel}", "sk": f"KEY#{key}"}


def _owner_key(order: str) -> dict[str, str]:
    return {"pk": f"SUPPLIED#{order}", "sk": "SUPPLIED"}


def _moves_of(channel: str, day: str) -> str:
    return f"MOVES#{channel}#{day}"


def _kept(move: Move) -> Item:
    return {**move.model_dump(mode="json"), "v": 1}


def _supplied_item(supplied: Supplied) -> Item:
    # What it is not yet, it does not hold: the conditions ask whether it is there.
    kept = supplied.model_dump(mode="json", exclude={"taken", "refused"})
    refused = {"refused": supplied.refused} if supplied.refused else {}
    return {**_supplied_key(supplied.channel, supplied.key), **kept, **refused, "v": 1}


def _why(item: Item, *, closed: bool) -> Literal["no_balance", "account_disabled", "refused", "closed"]:
    """From the first item whose condition failed."""
    if closed:
        return "closed"
    if item.get("sk") != "ACCOUNT":
        return "refused"
    return "no_balance" if item["enabled"] else "account_disabled"


def _stale(item: Item) -> Conflict:
    now = item.get("version", 0)
    return Conflict("Somebody else changed this meanwhile.", reason="stale_version", version=now)
