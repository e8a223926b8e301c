"""Writing one mail and sending it, once."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from notify.due import Due, StaffDue
from notify.staff import values_of
from notify.wiring import Post
from quanyi.errors import NotFound
from quanyi.events.model import AlertRaised, AlertRecovered
from quanyi.mail.link import claim_link
from quanyi.mail.model import BuyerMail, Mail, Values, moment_text, money_text, rendered
from quanyi.mail.once import send_once
from quanyi.members.contact import Contact
from quanyi.orders import token
from quanyi.orders.missing import Missing, missing
from quanyi.orders.model import Order, Unit
from quanyi.vault.sealing import unseal

Outcome = Literal[
    "sent",
    "failed",
    "already",
    "no_contact",
    "no_email",
    "nothing_delivered",
    "nothing_wanted",
    "no_staff_address",
    "only_listed",
]

_EMPTY: Mapping[BuyerMail, Outcome] = {"delivery": "nothing_delivered", "accounts_wanted": "nothing_wanted"}
"""Mails that are about something, and why they are not sent when there is none."""
MOST_HINTS = 5
"""Accounts that a mail names for one line."""


def send(post: Post, due: Due | StaffDue) -> Outcome:
    """Sends the mail unless it was sent. Raises MailDelayed, MailUnclear, Busy: then it is to be tried again later.

    Everything that can go wrong without a mail goes first, so that little lies between noting and sending.
    """
    return _to_staff(post, due) if isinstance(due, StaffDue) else _to_buyer(post, due)


def _to_staff(post: Post, due: StaffDue) -> Outcome:
    staff = post.staff
    if not staff.address:
        return "no_staff_address"
    if isinstance(due.event, AlertRaised | AlertRecovered) and due.event.severity == "info":
        return "only_listed"
    template = post.templates.get(due.kind, staff.language).template
    return _once(post, due, staff.address, rendered(template, values_of(staff, due)))


def _to_buyer(post: Post, due: Due) -> Outcome:
    order = post.orders.get(due.order)
    if not order.has_contact:
        return "no_contact"
    address = _address(post, order)
    wanted = missing(order, post.now())
    items = _lacking(order, wanted) if due.kind == "accounts_wanted" else _items(order, due.units)
    if address is None or (due.kind in _EMPTY and not items):
        reason: Outcome = "no_email" if address is None else _EMPTY[due.kind]
        post.outbox.skip(order.id, due.kind, due.occasion, post.now(), reason=reason)
        return reason
    until = min((lack.until for lack in wanted if lack.until), default=None)
    return _once(post, due, address, _mail(post, order, due, items, until))


def _once(post: Post, due: Due | StaffDue, address: str, mail: Mail) -> Outcome:
    return send_once(post.outbox, post.ses, due.about, due.kind, due.occasion, address, mail, post.now())


def _address(post: Post, order: Order) -> str | None:
    """The buyer's, if they gave one; None too when they were erased since."""
    try:
        key = post.members.data_key(order.member)
    except NotFound:
        return None
    return Contact.from_text(unseal(key, order.contact_sealed or b"", order.id)).email


def _items(order: Order, units: tuple[str, ...]) -> tuple[str, ...]:
    """`Title × 2` for each line with delivered units, out of `units` if there are any; a bundle counts as one line.
    Where accounts were topped up, they stand masked behind it."""
    chosen = [u for u in order.units if u.state == "delivered" and (not units or u.id in units)]
    counts = Counter(unit.line for unit in chosen)
    return tuple(
        f"{_title(order, number)}"
        f" × {line.quantity if line.kind == 'bundle' else counts[number]}"
        f"{_topped_up(unit for unit in chosen if unit.line == number)}"
        for number, line in enumerate(order.lines)
        if counts[number]
    )


def _lacking(order: Order, wanted: Iterable[Missing]) -> tuple[str, ...]:
    """`Title × 2` for each line, with how many of it lack an account."""
    return tuple(f"{_title(order, lack.line)} × {len(lack.numbers)}" for lack in wanted)


def _title(order: Order, number: int) -> str:
    titles = order.lines[number].titles
    return titles.get(order.language) or next(iter(titles.values()))


def _topped_up(units: Iterable[Unit]) -> str:
    hints = list(dict.fromkeys(unit.account_hint for unit in units if unit.account_hint))
    more = ", …" if len(hints) > MOST_HINTS else ""
    return f" ({', '.join(hints[:MOST_HINTS])}{more})" if hints else ""


def _mail(post: Post, order: Order, due: Due, items: tuple[str, ...], until: datetime | None) -> Mail:
    link = claim_link(post.claim_url, order.id, token.issue(post.keyring, order.id))
    amount = money_text(due.amount, order.currency)
    about = {"due": moment_text(until, post.staff.zone)} if until else {}
    values = Values(order=order.id, link=link, items=items, amount=amount, about=about)
    return rendered(post.templates.get(due.kind, order.language).template, values)
