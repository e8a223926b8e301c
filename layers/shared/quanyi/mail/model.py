"""Mail templates: what a template may say, and what becomes of it.

`$name` or `${name}` stands for a value, `$$` for a dollar sign. Values are escaped in HTML; the template's own HTML is
the merchant's. The link is the buyer's right to the order, so it stands in the body only: subjects are shown on lock
screens.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from string import Template as Pattern
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from quanyi.catalog.model import Language
from quanyi.errors import Invalid
from quanyi.money import decimals
from quanyi.secret import Secret

BuyerMail = Literal["delivery", "accounts_wanted", "refund"]
CaseMail = Literal["case_opened", "case_due_soon"]
ReviewMail = Literal["review_opened", "review_due_soon"]
AlertMail = Literal["alert_raised", "alert_recovered"]
StaffMail = Literal[CaseMail, ReviewMail, AlertMail, "books_differed"]
"""To the shop's own people: what waits for one of them."""
MailKind = Literal[BuyerMail, StaffMail]
SentKind = Literal[MailKind, "daily_digest"]
"""What is sent once: mails that are written by a template, and the digest, which is a report."""
KINDS: tuple[MailKind, ...] = get_args(MailKind)
LANGUAGES: tuple[Language, ...] = get_args(Language)

_CASE = {
    "case": "the case's id",
    "order": "the order's number; a dash where the case is about no order of the shop's",
    "provider": "where the buyer complained",
    "amount": "what it is about, with its currency",
    "due": "by when an answer must be there; a dash where there is no deadline",
    "link": "where to see to it",
}
_REVIEW = {
    "review": "the review's id",
    "point": "what was held: an order, a delivery, the use of a voucher, a refund",
    "order": "the order's number; a dash where there is none",
    "amount": "what is at stake, with its currency",
    "reasons": "codes of the rules that applied",
    "due": "when it is decided without a person",
    "otherwise": "what is decided then",
    "link": "where to see to it",
}
_ALERT = {
    "alert": "the alert's id",
    "title": "what is wrong",
    "about": "a SKU and its channel, a supplier, a purchase order",
    "opened": "since when",
    "link": "where to see to it",
}
PLACEHOLDERS: dict[MailKind, dict[str, str]] = {
    "delivery": {"order": "the order's number", "link": "where to open it", "items": "what was delivered, a line each"},
    "accounts_wanted": {
        "order": "the order's number",
        "link": "where to name the accounts",
        "items": "what lacks its account, a line each",
        "due": "until when it waits for them",
    },
    "refund": {"order": "the order's number", "link": "where to see it", "amount": "how much, with its currency"},
    "case_opened": _CASE,
    "case_due_soon": _CASE,
    "review_opened": _REVIEW,
    "review_due_soon": _REVIEW,
    "books_differed": {
        "day": "the shop's day",
        "found": "how many differences there are",
        "waiting": "providers whose settlement file had not come; a dash where all had",
        "link": "where to see to it",
    },
    "alert_raised": {
        **_ALERT,
        "severity": "how bad it is",
        "why": "why it is told: it is new, it got worse, it is still open",
        "items": "the numbers that show it, a line each",
        "todo": "what to do next",
    },
    "alert_recovered": {**_ALERT, "over": "until when"},
}
NOT_IN_SUBJECT = {"link", "items"}


class MailTemplate(BaseModel):
    """Texts with placeholders."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    subject: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]
    text: Annotated[str, Field(min_length=1, max_length=20_000, description="The plain part")]
    html: Annotated[str, Field(min_length=1, max_length=100_000, description="The HTML part")]


@dataclass(frozen=True)
class Values:
    """What the placeholders stand for; a kind takes those it knows."""

    order: str
    link: Secret
    items: tuple[str, ...] = ()
    amount: str = ""
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else the mail says."""


@dataclass(frozen=True)
class Picture:
    """A PNG that a mail's HTML shows as `cid:<name>`."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Mail:
    """Ready to be sent. It holds the link: it is not logged and not kept."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    pictures: tuple[Picture, ...] = ()


def checked(kind: MailKind, template: MailTemplate) -> MailTemplate:
    """The template itself. Raises Invalid with every part that breaks a rule."""
    known = set(PLACEHOLDERS[kind])
    errors: list[dict[str, str]] = []
    for part, text in (("subject", template.subject), ("text", template.text), ("html", template.html)):
        pattern = Pattern(text)
        if not pattern.is_valid():
            errors.append({"field": part, "code": "placeholder_malformed", "message": "Write $$ for a dollar sign."})
            continue
        used = set(pattern.get_identifiers())
        allowed = known - NOT_IN_SUBJECT if part == "subject" else known
        errors += [
            {"field": part, "code": "placeholder_unknown", "message": f"${name} cannot stand here."}
            for name in sorted(used - allowed)
        ]
        if part != "subject" and "link" not in used:
            errors.append({"field": part, "code": "link_missing", "message": "It must contain $link."})
    if errors:
        raise Invalid("The template breaks a rule.", errors=errors)
    return template


def rendered(template: MailTemplate, values: Values) -> Mail:
    """Takes a template that was checked."""
    plain = {
        "order": values.order,
        "link": values.link.reveal(),
        "items": "\n".join(values.items),
        "amount": values.amount,
        **values.about,
    }
    rich = {name: escape(value) for name, value in plain.items()}
    rich["items"] = "<br>\n".join(escape(item) for item in values.items)
    return Mail(
        subject=" ".join(_filled(template.subject, plain).split()),
        text=_filled(template.text, plain),
        html=_filled(template.html, rich),
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    return Pattern(text).substitute(values)


def money_text(amount: int, currency: str) -> str:
    """`19.99 CNY` of 1999 minor units; the decimals are those of ISO 4217."""
    digits = decimals(currency)
    whole, rest = divmod(amount, 10**digits)
    return f"{whole}.{rest:0{digits}} {currency}" if digits else f"{whole} {currency}"


def moment_text(at: datetime, zone: str) -> str:
    """To the minute, in the shop's time zone, which is named."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"
