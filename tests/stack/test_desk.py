"""What the shop's people see and do: lists, notes, money booked by hand, the export, the audit trail, the mails."""

import csv
import io
import re

from tests.stack.deployed import Deployed
from tests.stack.shop import Shop, Store, number, until


def test_orders_are_listed_filtered_and_paged(shop: Shop, site: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 4)
    email = f"{number('buyer')}@example.com"
    bought, _ = site.buy(sku)
    waiting = [site.place(sku, contact={"email": email}) for _ in range(3)]

    def found(query: str) -> list[str]:
        answer = shop.admin("GET", f"/orders?sku={sku}&limit=100{query}").must()
        return [order["id"] for order in answer["items"]]

    newest_first = [order.id for order in [*reversed(waiting), bought]]
    until(lambda: found("") == newest_first)
    assert found("&state=fulfilled") == [bought.id]
    assert found("&state=awaiting_payment") == newest_first[:3]
    assert found(f"&channel={site.channel}") == newest_first
    assert found("&channel=elsewhere") == []
    assert found("&from=2020-01-01&to=2020-02-01") == []
    paged: list[str] = []
    query = f"/orders?sku={sku}&limit=2"
    cursor = ""
    while cursor is not None:
        page = shop.admin("GET", query + (f"&cursor={cursor}" if cursor else "")).must()
        paged += [order["id"] for order in page["items"]]
        cursor = page["next"]
    assert paged == newest_first
    by_contact = shop.admin("POST", "/orders/search", {"contact": email}).must()["items"]
    assert [order["id"] for order in by_contact] == newest_first[:3]
    transaction = shop.admin("GET", f"/orders/{bought.id}").must()["payments"][0]["transaction"]
    wanted = {"provider": "sandbox", "transaction": transaction}
    assert [order["id"] for order in shop.admin("POST", "/orders/search", wanted).must()["items"]] == [bought.id]
    shop.admin("GET", "/orders?from=2026-02-31").refuses(422, "invalid_request")
    shop.admin("GET", "/orders?cursor=nonsense").refuses(400, "malformed_request")


def test_an_order_shows_its_buyer_and_books_but_no_secret(shop: Shop, site: Store) -> None:
    sku = shop.sku()
    codes = shop.stock(sku, 1)
    order, received = site.buy(sku, contact={"email": "who@example.com", "phone": "13800138000"})
    assert received == codes
    answer = shop.admin("GET", f"/orders/{order.id}")
    seen = answer.must()
    assert seen["contact"] == {"email": "who@example.com", "phone": "13800138000"}
    assert [seen["books"][part]["amount"] for part in ("captured", "delivered", "refunded", "owed")] == [
        1999,
        1999,
        0,
        0,
    ]
    assert codes[0] not in answer.raw.decode()
    # Found by the pasted secret: who bought this?
    (card,) = shop.admin("POST", "/cards/find", {"secrets": codes, "sku": sku}).must()["items"][0]["cards"]
    assert (card["order"], card["state"]) == (order.id, "delivered")


def test_notes_are_written_once_by_whoever_wrote_them(shop: Shop, site: Store) -> None:
    support = shop.new_key("support")["key"]
    sku = shop.sku()
    shop.stock(sku, 1)
    order = site.place(sku)
    path, key = f"/v1/admin/orders/{order.id}/notes", number()
    for _ in range(2):
        seen = shop.wire.send("POST", path, {"text": "called back"}, credential=support, key=key).must(201)
        assert [(note["text"], note["by"].split(":")[0]) for note in seen["notes"]] == [("called back", "support")]
    other = shop.wire.send("POST", path, {"text": "another"}, credential=support, key=key)
    other.refuses(422, "idempotency_key_reused")


def test_money_booked_by_hand_delivers(shop: Shop, site: Store) -> None:
    sku = shop.sku()
    codes = shop.stock(sku, 2)
    order, reference = site.place(sku), number("bank-")
    body, key = {"reason": "bank transfer", "reference": reference}, number()
    for _ in range(2):
        shop.admin("POST", f"/orders/{order.id}/mark-paid", body, key=key).must()
    site.reaches(order, "fulfilled")
    assert site.received(order)[0] in codes
    other = site.place(sku)
    twice = shop.admin("POST", f"/orders/{other.id}/mark-paid", body)
    assert twice.refuses(409, "conflict")["reason"] == "transaction_reused"
    shop.admin("POST", f"/orders/{other.id}/mark-paid", {"reference": "x"}).refuses(422, "invalid_request")
    dollars = {"reason": "cash", "reference": number(), "amount": {"amount": 1999, "currency": "USD"}}
    shop.admin("POST", f"/orders/{other.id}/mark-paid", dollars).refuses(422, "invalid_request")


def test_orders_are_exported_as_csv(shop: Shop, site: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 1)
    order, _ = site.buy(sku)

    def rows() -> list[dict[str, str]]:
        answer = shop.admin("GET", f"/orders.csv?sku={sku}")
        assert answer.headers["content-type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(answer.raw.decode("utf-8-sig"))))

    (row,) = until(rows)
    assert (row["order"], row["state"], row["captured"], row["owed"]) == (order.id, "fulfilled", "1999", "0")


def test_the_trail_tells_who_did_what(shop: Shop, site: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 1)
    order, _ = site.buy(sku)

    def states() -> list[str] | None:
        entries = shop.admin("GET", f"/audit?order={order.id}").must()["entries"]
        found = [entry["after"] for entry in entries]
        return found if "fulfilled" in found else None

    assert until(states)[-1] == "fulfilled"
    shop.admin("GET", "/audit").refuses(422, "invalid_request")
    card = shop.admin("GET", f"/orders/{order.id}").must()["units"][0]["card"]
    trail = until(lambda: shop.admin("GET", f"/audit?card={card}").must()["entries"])
    assert order.id in str(trail)


def test_the_buyer_gets_a_mail_with_a_link_and_no_secret(shop: Shop, site: Store, deployed: Deployed) -> None:
    sku = shop.sku()
    codes = shop.stock(sku, 1)
    email = f"{number('buyer')}@example.com"
    order, received = site.buy(sku, contact={"email": email}, language="en")
    assert received == codes
    mail = until(lambda: deployed.mails_to(email))[0]
    assert re.search(rf"http\S+/claim/{order.id}#{order.token}", mail), mail
    assert codes[0] not in mail
    path = f"/orders/{order.id}/resend"
    shop.admin("POST", path).must(202)
    until(lambda: len(deployed.mails_to(email)) == 2)
    assert codes[0] not in str(deployed.mails_to(email))
