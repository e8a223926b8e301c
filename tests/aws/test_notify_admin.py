"""What people may do about mails: templates, and sending a delivery again."""

from typing import Any

import pytest

from notify import admin, mail
from quanyi.callers import Caller
from quanyi.mail.model import KINDS, LANGUAGES
from stream import trail
from tests.aws.conftest import Call, Cloud, LambdaContext
from tests.aws.postroom import PostRoom

OPERATOR = Caller(role="operator", key_id="K9")
SUPPORT = Caller(role="support", key_id="K2")


@pytest.fixture
def shop(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> PostRoom:
    made = PostRoom(cloud)
    monkeypatch.setenv("MAIL_QUEUE_URL", made.queue)
    monkeypatch.setenv("DEAD_LETTER_QUEUE", made.queue)
    return made


def resend(call: Call, order: str, key: str = "r1", caller: Caller = SUPPORT) -> tuple[int, Any]:
    path = f"/v1/admin/orders/{order}/resend"
    status, body, _ = call(admin.handler, "POST", path, caller=caller, headers={"Idempotency-Key": key})
    return status, body


def test_support_sends_a_delivery_again_once_for_a_key(shop: PostRoom, call: Call) -> None:
    order = shop.sold()
    shop.deliver_mail()
    first = resend(call, order.id)
    again = resend(call, order.id)
    assert first[0] == 202
    assert first == again
    event = shop.waiting()
    mail.handler(event, LambdaContext())
    mail.handler(event, LambdaContext())
    assert len(shop.sent()) == 2
    resend(call, order.id)
    mail.handler(shop.waiting(), LambdaContext())
    assert len(shop.sent()) == 2
    _, body, _ = call(trail.handler, "GET", "/v1/admin/audit", caller=SUPPORT, query={"order": order.id})
    asked = [(e["by"], f["occasion"]) for e in body["entries"] for f in e["facts"] if f["what"] == "MailRequested"]
    assert asked == [("support:K2", first[1]["occasion"])]


def test_a_mail_is_sent_again_five_times_a_day(shop: PostRoom, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    order = shop.sold()
    assert [resend(call, order.id, f"k{i}")[0] for i in range(7)] == [202] * 5 + [429] * 2
    assert resend(call, order.id, "k3")[0] == 202, "a repeated call is not another"
    status, body = resend(call, order.id, "k9")
    assert (status, body["code"]) == (429, "mail_limit")


def test_who_may_send_again_and_what(shop: PostRoom, call: Call) -> None:
    shop.sku()
    shop.stock("ik-month", 3)
    unpaid, silent = shop.place(), shop.place(contact={}, member="u-1", client_ip="203.0.113.7")
    shop.pay(silent)
    shop.run()
    before = shop.cloud.contents()
    assert resend(call, unpaid.id)[1]["reason"] == "nothing_delivered"
    assert resend(call, silent.id)[1]["reason"] == "no_contact"
    assert resend(call, "O" + "0" * 20)[0] == 404
    assert resend(call, "nonsense")[0] == 422
    assert resend(call, silent.id, caller=Caller(role="storefront", key_id="K1", channel="site"))[0] == 403
    assert call(admin.handler, "POST", f"/v1/admin/orders/{silent.id}/resend", caller=SUPPORT)[0] == 422
    assert shop.cloud.contents() == before
    assert shop.waiting() == {"Records": []}


def test_templates_are_read_written_and_dropped(shop: PostRoom, call: Call) -> None:
    path = "/v1/admin/mail-templates/refund/en"
    words = {"subject": "Refund of $amount", "text": "$link", "html": "<a href='$link'>x</a>"}
    _, default, _ = call(admin.handler, "GET", path, caller=OPERATOR)
    status, written, _ = call(admin.handler, "PUT", path, words, caller=OPERATOR)
    assert (status, written["subject"], written["changed_by"]) == (200, "Refund of $amount", "operator:K9")
    assert call(admin.handler, "GET", path, caller=OPERATOR)[1] == written
    _, every, _ = call(admin.handler, "GET", "/v1/admin/mail-templates", caller=OPERATOR)
    assert len(every["templates"]) == len(KINDS) * len(LANGUAGES)
    for _ in range(2):
        assert call(admin.handler, "DELETE", path, caller=OPERATOR)[1] == default
    assert default["changed_at"] is None


def test_a_preview_shows_a_template_before_it_is_saved(shop: PostRoom, call: Call) -> None:
    path = "/v1/admin/mail-templates/delivery/zh-CN/preview"
    words = {"subject": "$order", "text": "$items $link", "html": "<p>$items</p><a href='$link'>x</a>"}
    status, shown, _ = call(admin.handler, "POST", path, {"template": words}, caller=OPERATOR)
    assert status == 200
    assert "× 2" in shown["html"]
    assert "#example" in shown["text"]
    assert call(admin.handler, "POST", path, {}, caller=OPERATOR)[1]["subject"].startswith("您的订单")


@pytest.mark.parametrize(
    "change",
    [
        {"text": "no way to it"},
        {"html": "$link $card"},
        {"subject": "$link"},
        {"subject": "two\nlines"},
        {"text": "$link for $5"},
        {"text": "x" * 20_001},
        {"colour": "red"},
        {"html": None},
    ],
)
def test_a_template_that_breaks_a_rule_is_refused(shop: PostRoom, call: Call, change: dict[str, Any]) -> None:
    before = shop.cloud.contents("CatalogTable")
    words = {"subject": "Hello", "text": "$link", "html": "$link", **change}
    status, body, _ = call(admin.handler, "PUT", "/v1/admin/mail-templates/delivery/en", words, caller=OPERATOR)
    assert (status, body["code"]) == (422, "invalid_request")
    assert body["errors"]
    assert shop.cloud.contents("CatalogTable") == before


def test_only_an_operator_edits_templates_of_known_kinds(shop: PostRoom, call: Call) -> None:
    words = {"subject": "Hello", "text": "$link", "html": "$link"}
    assert call(admin.handler, "PUT", "/v1/admin/mail-templates/delivery/en", words, caller=SUPPORT)[0] == 403
    assert call(admin.handler, "PUT", "/v1/admin/mail-templates/delivery/fr", words, caller=OPERATOR)[0] == 422
    assert call(admin.handler, "PUT", "/v1/admin/mail-templates/keyring/en", words, caller=OPERATOR)[0] == 422
    assert call(admin.handler, "GET", "/v1/admin/mail-templates", caller=None)[0] == 401
