"""An export of another platform through the deployed shop: uploaded twice, told once, and gone from the bucket."""

from typing import Any

from tests.exports import BASE, FIELDS, HEADER, row, text_of
from tests.stack.books import Books
from tests.stack.shop import Shop, number, until
from tools.shop_client import HttpShop

ROOT = "/past-orders"


def test_an_export_comes_in_once(shop: Shop, books: Books) -> None:
    channel, source = shop.channel().channel, number("src")
    settings = {name: value for name, value in BASE.items() if name != "id"} | {"channel": channel}
    shop.admin("PUT", f"{ROOT}/sources/{source}", settings).must()
    orders = [number("T"), number("T")]
    rows = [row(order=orders[0]), row(order=orders[1], refund="5.00", refunded_at="2026-04-01")]
    data = text_of(rows).encode("gb18030")
    preview = shop.admin("POST", f"{ROOT}/sources/{source}/preview", {"text": text_of(rows)}).must()
    assert (preview["found"], preview["refused"]) == (2, {})
    first = _import(shop, source, data)
    assert (first["state"], first["orders"], first["new"], first["refused"]) == ("done", 2, 2, {})
    facts = _facts(books, channel)
    assert sorted(fact["kind"] for fact in facts).count("sold") == 2
    moved = [fact["accounts"].get(f"provider:{source}", 0) for fact in facts if fact["kind"] == "posted"]
    assert sum(moved) == 2 * 1990 - 500
    second = _import(shop, source, data)
    assert (second["state"], second["orders"], second["new"]) == ("done", 2, 0)
    assert _facts(books, channel) == facts
    bucket = books.stack.outputs["ImportBucketName"]
    left = books.stack.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"past-orders/{source}/")
    assert left.get("Contents", []) == []


def test_a_file_without_a_column_changes_nothing(shop: Shop, books: Books) -> None:
    channel, source = shop.channel().channel, number("src")
    settings = {name: value for name, value in BASE.items() if name != "id"} | {"channel": channel}
    shop.admin("PUT", f"{ROOT}/sources/{source}", settings).must()
    header = ["别的" if field == "amount" else name for field, name in zip(FIELDS, HEADER, strict=True)]
    over = _import(shop, source, text_of([row(order=number("T"))], header).encode())
    assert (over["state"], over["reason"], over["fields"]) == ("failed", "missing_column", ["amount"])
    assert _facts(books, channel) == []


def _import(shop: Shop, source: str, content: bytes) -> dict[str, Any]:
    """Uploads a file, and answers its import when that is over."""
    made = shop.admin("POST", f"{ROOT}/imports", {"source": source}).must()
    HttpShop(shop.wire.url, shop.operator).upload(made["upload"]["url"], made["upload"]["fields"], content)

    def look() -> dict[str, Any] | None:
        items = shop.admin("GET", f"{ROOT}/imports?source={source}").must()["items"]
        found: dict[str, Any] = next(item for item in items if item["id"] == made["id"])
        return found if found["state"] in ("done", "failed") else None

    return until(look, seconds=90)


def _facts(books: Books, channel: str) -> list[dict[str, Any]]:
    found = [item for item in books.scan("Facts") if item["pk"].startswith("FACT#")]
    return sorted((item for item in found if item.get("channel") == channel), key=lambda item: str(item["sk"]))
