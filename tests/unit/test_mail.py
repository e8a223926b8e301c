"""Mail templates: what may be saved, and what becomes of it."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from quanyi.errors import Invalid
from quanyi.mail.defaults import DEFAULTS
from quanyi.mail.link import ClaimUrl, claim_link
from quanyi.mail.model import (
    KINDS,
    LANGUAGES,
    PLACEHOLDERS,
    MailTemplate,
    StaffMail,
    Values,
    checked,
    money_text,
    rendered,
)
from quanyi.secret import Secret

LINK = Secret("https://shop.example.com/claim/O1#qo_right")
VALUES = Values(
    order="O1",
    link=LINK,
    items=("Music × 1",),
    amount="19.99 CNY",
    about={
        name: "said"
        for kind in get_args(StaffMail)
        for name in PLACEHOLDERS[kind]
        if name not in ("order", "link", "amount")
    },
)


def template(**parts: str) -> MailTemplate:
    return MailTemplate.model_validate(
        {"subject": "Hello", "text": "See $link", "html": "<a href='$link'>x</a>", **parts}
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_default_is_valid_and_fills_completely(kind: str, language: str) -> None:
    default = checked(kind, DEFAULTS[kind, language])  # type: ignore[index,arg-type]
    mail = rendered(default, VALUES)
    for part in (mail.text, mail.html):
        assert LINK.reveal() in part
        assert "$" not in part
        assert "{" not in part
    assert LINK.reveal() not in mail.subject


def test_only_known_placeholders_may_stand_in_a_template() -> None:
    with pytest.raises(Invalid) as refused:
        checked("delivery", template(subject="$link", text="$link $card", html="no way to it"))
    assert [(e["field"], e["code"]) for e in refused.value.extra["errors"]] == [
        ("subject", "placeholder_unknown"),
        ("text", "placeholder_unknown"),
        ("html", "link_missing"),
    ]


def test_a_stray_dollar_sign_is_refused_and_a_doubled_one_kept() -> None:
    with pytest.raises(Invalid) as refused:
        checked("refund", template(text="$link for $5"))
    assert refused.value.extra["errors"][0]["code"] == "placeholder_malformed"
    assert rendered(checked("refund", template(text="$link for $$5")), VALUES).text.endswith("for $5")


@pytest.mark.parametrize("subject", ["", "two\nlines", "x" * 201, "a\r\nBcc: everyone@example.com"])
def test_a_subject_is_one_line(subject: str) -> None:
    with pytest.raises(ValidationError):
        template(subject=subject)


@given(st.text(max_size=40))
def test_values_are_escaped_in_html_and_cannot_break_a_header(title: str) -> None:
    mail = rendered(
        template(subject="for $amount", html="<p>$items</p><a href='$link'>x</a>", text="$items $link"),
        Values(order="O1", link=LINK, items=(title, "<script>alert(1)</script>"), amount=title),
    )
    assert "<script>" not in mail.html
    assert mail.html.count("<") == 5 + 0, "only the template's own tags"
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject


def test_a_mail_does_not_print_its_link() -> None:
    assert "qo_right" not in repr(rendered(template(), VALUES))
    assert "qo_right" not in repr(VALUES)


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.com/claim/{order}/{token}",
        "https://shop.example.com/claim?t={token}#top",
        "https://shop.example.com/{token}#{token}",
        "https://shop.example.com/claim/{order}",
        "javascript:alert(1)#{token}",
    ],
)
def test_a_claim_url_that_would_send_the_token_to_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(ClaimUrl).validate_python(url)


def test_the_link_has_the_token_in_its_fragment() -> None:
    url = TypeAdapter(ClaimUrl).validate_python("https://shop.example.com/claim/{order}#{token}")
    assert claim_link(url, "O1", Secret("qo_right")).reveal() == LINK.reveal()


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(1999, "CNY", "19.99 CNY"), (5, "USD", "0.05 USD"), (1999, "JPY", "1999 JPY"), (1999, "KWD", "1.999 KWD")],
)
def test_money_has_its_currencys_decimals(amount: int, currency: str, text: str) -> None:
    assert money_text(amount, currency) == text
