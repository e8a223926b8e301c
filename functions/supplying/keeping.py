"""Keeping accounts: opened for a channel, given a secret, paid into."""

import hashlib

from quanyi.accounts.door import SECRET_NAME
from quanyi.accounts.model import Account, Move
from quanyi.callers import Caller
from quanyi.errors import Invalid
from quanyi.ids import derived_id
from quanyi.secret import Secret
from supplying.messages import AccountBody, BookingBody
from supplying.wiring import Accounts


def save_account(accounts: Accounts, caller: Caller, channel: str, body: AccountBody) -> Account:
    """Opens an account, or replaces the terms that were last read as `version`. The same again answers what it made.

    Raises NotFound (channel, account), Invalid (`currency_fixed`), Conflict (`stale_version`), BalanceTooLow.
    """
    accounts.channels.channel(channel)
    now = accounts.now()
    known = accounts.accounts.find(channel)
    if known and known.currency != body.currency:
        raise Invalid("An account keeps its currency.", reason="currency_fixed")
    if known and (known.version, known.terms, known.changed_by) == (body.version + 1, body.terms, caller.name):
        return known
    if body.version == 0:
        who = {"created_at": now, "updated_at": now, "changed_by": caller.name}
        return accounts.accounts.open(
            Account.model_validate({**body.terms.model_dump(), **who, "channel": channel, "currency": body.currency})
        )
    known = known or accounts.accounts.get(channel)
    seen = known.model_copy(update={"version": body.version})
    return accounts.accounts.save(seen, body.terms, now, caller.name)


def save_secret(accounts: Accounts, caller: Caller, channel: str, key: str, secret: Secret) -> Account:
    """Makes `secret` what both sides sign with; the one before stays believed. Once for each `key`. Raises NotFound,
    KeyReused, Busy."""
    known = accounts.accounts.get(channel)
    token = hashlib.sha256(f"{channel}\x1f{caller.key_id}\x1f{key}".encode()).hexdigest()
    if accounts.secrets.write(channel, {SECRET_NAME: secret}, token):
        return accounts.accounts.note_credentials(channel, token, caller.name, accounts.now())
    return known


def book_by_hand(accounts: Accounts, caller: Caller, channel: str, key: str, body: BookingBody) -> Move:
    """Money that came or goes outside, once for each `key`. Raises NotFound, Invalid (`currency_mismatch`,
    `amount_invalid`), BalanceTooLow, KeyReused, Busy."""
    account = accounts.accounts.get(channel)
    if body.amount.currency != account.currency:
        raise Invalid("The currency is not the account's.", reason="currency_mismatch")
    if not body.amount.amount:
        raise Invalid("Nothing is no booking.", reason="amount_invalid")
    move = Move(
        channel=channel,
        key=derived_id("B", channel, caller.key_id, key),
        kind=body.kind,
        amount=body.amount.amount if body.kind == "deposit" else -body.amount.amount,
        currency=account.currency,
        at=accounts.now(),
        by=caller.name,
        note=body.note,
    )
    return accounts.accounts.give(move) if body.kind == "deposit" else accounts.accounts.withdraw(move)
