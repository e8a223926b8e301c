"""The main job: stock in by import, then browse, quote, order, pay, and the buyer reads the secret."""

from secrets import token_hex

from tests.stack.shop import Shop, Store


def test_a_card_goes_from_an_uploaded_file_to_its_buyer(shop: Shop, site: Store) -> None:
    sku = shop.sku(card_format="number_pin", issuer="iqiyi")
    cards = {f"IQ{token_hex(7).upper()}": f"PIN{token_hex(5).upper()}" for _ in range(3)}
    shop.secrets += [*cards, *cards.values()]
    file = "".join(f"{number},{pin}\r\n" for number, pin in cards.items()).encode("gbk")
    done = shop.upload(sku, file, file_type="csv")
    assert (done["state"], done["accepted"], done["invalid"], done["percent"]) == ("done", 3, 0, 100)

    listed = site.wire.send("GET", "/v1/products?limit=100", credential=site.browser).must()
    (product,) = [found for found in listed["items"] if sku in str(found)]
    seen = site.wire.send("GET", f"/v1/products/{product['id']}", credential=site.browser).must()
    assert [found["id"] for found in seen["skus"]] == [sku]

    lines = [{"sku": sku, "quantity": 2}]
    quote = site.wire.send("POST", "/v1/quotes", {"lines": lines}, credential=site.browser).must()
    assert quote["total"] == {"amount": 2 * 1999, "currency": "CNY"}

    order = site.place(sku, 2, quote=quote["version"])
    assert order.placed["state"] == "awaiting_payment"
    assert order.placed["total"] == quote["total"]
    assert site.received(order) == []
    payment = site.pay(order)
    done = site.reaches(order, "fulfilled")
    assert (done["delivered"], done["units"]) == (2, 2)
    assert [(paid["id"], paid["state"]) for paid in done["payments"]] == [(payment, "captured")]

    answer = site.wire.send("GET", f"/v1/orders/{order.id}/deliveries", credential=order.token)
    assert answer.headers["cache-control"] == "no-store"
    units = [unit for line in answer.must()["deliveries"] for unit in line["units"]]
    assert len({unit["number"] for unit in units}) == 2
    assert all(cards[unit["number"]] == unit["pin"] for unit in units)
    # The channel's server may read them too; a second look shows the same.
    again = site.wire.send("GET", f"/v1/orders/{order.id}/deliveries", credential=site.server).must()
    assert again == answer.body
