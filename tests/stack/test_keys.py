"""Keys are made, replaced and taken back; their text is told once."""

from tests.stack.shop import Shop, number, until


def test_a_key_is_replaced_without_a_gap(shop: Shop) -> None:
    store = shop.channel()
    path = f"/channels/{store.channel}/keys"
    terms = {"role": "storefront", "name": "server"}
    old, new = (shop.admin("POST", path, terms).must(201) for _ in range(2))
    third = shop.admin("POST", path, terms)
    assert third.refuses(409, "conflict")["reason"] == "two_live"

    def works(key: str) -> bool:
        return shop.wire.send("GET", "/v1/products", credential=key).status == 200

    assert works(old["key"])
    assert works(new["key"])
    shop.admin("POST", f"{path}/{old['id']}/revoke").must()
    assert works(new["key"])
    listed = {key["id"]: key for key in shop.admin("GET", path).must()["items"]}
    assert listed[old["id"]]["revoked_at"]
    assert listed[new["id"]]["revoked_at"] is None
    assert "key" not in listed[new["id"]] or listed[new["id"]]["key"] is None
    assert shop.admin("POST", path, terms).must(201)["key"]


def test_a_revoked_key_opens_nothing(shop: Shop) -> None:
    """At once for a key that the gateway does not remember; it remembers one for at most a minute."""
    made = shop.new_key("analyst")
    shop.admin("POST", f"/keys/{made['id']}/revoke").must()
    assert shop.wire.send("GET", "/v1/products", credential=made["key"]).status == 401


def test_a_key_is_told_once(shop: Shop) -> None:
    body, key = {"role": "support", "name": number()}, number()
    first = shop.admin("POST", "/keys", body, key=key).must(201)
    again = shop.admin("POST", "/keys", body, key=key).must(201)
    assert first["key"].startswith("qy_support_")
    assert (again["id"], again["key"]) == (first["id"], None)
    shop.admin("POST", "/keys", {"role": "storefront", "name": "x"}).refuses(422, "invalid_request")


def test_a_channel_that_is_switched_off_sells_nothing(shop: Shop) -> None:
    store = shop.channel()
    found = shop.admin("GET", f"/channels/{store.channel}").must()
    settings = {name: found[name] for name in ("name", "kind", "origins", "shared_too", "version")}
    shop.admin("PUT", f"/channels/{store.channel}", {**settings, "enabled": False}).must()
    until(lambda: shop.wire.send("GET", "/v1/products", credential=store.browser).status == 401, seconds=70)
    stale = shop.admin("PUT", f"/channels/{store.channel}", {**settings, "enabled": True})
    stale.refuses(409, "conflict")
