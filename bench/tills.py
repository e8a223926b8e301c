"""Vouchers under a crowd, over HTTP: one use among five hundred requests, a stored amount among sixty-four tills."""

import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any

from bench.local_stack import Answer, LocalShop, NoAnswer, at_once, expect, local_shop
from bench.report import Figure, table

CROWD, TILLS = 500, 64
STORED, EACH = 10_000, 30
WHOLE, REST = divmod(STORED, EACH)
REPEATED = 5
"""Every how many requests one is sent again under its key."""


def measure() -> Figure:
    with local_shop() as shop:
        till = _till(shop)
        once = _handed_out(shop)
        answers = at_once(CROWD, lambda _: till("", {"code": once}, secrets.token_hex(8)), range(CROWD))
        said = Counter(_told(answer) for answer in answers)
        stored = _handed_out(shop, value={"kind": "amount", "amount": STORED})
        taken = at_once(TILLS, lambda _: _until_refused(till, stored), range(TILLS))
        rest = _left(till, stored)
    sold, repeats, wrong = (sum(column) for column in zip(*taken, strict=True))
    spent = said["409 voucher_spent"]
    rows: list[list[object]] = [
        *([f"{CROWD} at once, answered {answer}", count] for answer, count in sorted(said.items())),
        [f"takings of {EACH} that succeeded, {TILLS} tills", sold],
        ["left of the stored amount", rest],
        ["requests sent again under their key", repeats],
        ["of these, answered with another redemption", wrong],
        *([f"tried again after {status}", count] for status, count in sorted(shop.client.again.items())),
    ]
    return Figure(
        name="tills",
        title=(
            f"{CROWD} simultaneous redemptions of one voucher; {STORED} minor units among {TILLS} tills taking {EACH}: "
            "succeeded, left"
        ),
        aim=f"1, the rest 409; {WHOLE} and {REST}",
        seen=f"{said['201']}, {spent} × 409; {sold} and {rest}",
        reached=(said["201"], spent, sold, rest, wrong) == (1, CROWD - 1, WHOLE, REST, 0),
        how=(
            "On the local stack, template unchanged, by one counter's key that is bound to a store. A till takes until "
            f"it is refused and sends every {REPEATED}th request again under its key. A call that was throttled (429) "
            "or not served (5xx) is made again under the same key and counted apart."
        ),
        body=table(["what", "seen"], rows),
    )


Till = Callable[[str, dict[str, Any], str], Answer]


def _till(shop: LocalShop) -> Till:
    store = {"name": "Bench", "region": "shanghai", "version": 0}
    shop.operate("PUT", "/v1/admin/stores/S1", store)
    credential = shop.operate("POST", "/v1/admin/keys", {"role": "counter", "name": "bench", "stores": ["S1"]})["key"]

    def call(path: str, body: dict[str, Any], key: str) -> Answer:
        return shop.client.call("POST", f"/v1/redemptions{path}", body, credential=credential, key=key)

    return call


def _handed_out(shop: LocalShop, **terms: Any) -> str:
    """The code of a new voucher of a new series, as the merchant makes and exports it."""
    titles = {"en": "Coffee"}
    sku = f"coffee-{secrets.token_hex(4)}"
    kind = {"id": sku, "kind": "voucher", "titles": titles, "price": STORED, "voucher": {"issue": "stock", **terms}}
    product = {"titles": titles, "descriptions": titles, "skus": [kind]}
    made = shop.operate("POST", "/v1/admin/products", product)
    shop.operate("POST", f"/v1/admin/products/{made['id']}/publish")
    series = shop.operate("POST", "/v1/admin/voucher-series", {"sku": sku})["id"]
    path = f"/v1/admin/voucher-series/{series}"
    run = shop.operate("POST", f"{path}/generate", {"count": 1, "into": "handed_out"})
    shop.await_import(run["id"])
    (row,) = shop.exported(f"{path}/export")
    return row["code"]


def _until_refused(till: Till, code: str) -> tuple[int, int, int]:
    """How many takings succeeded, how many were sent again, and how many of those were another redemption."""
    body = {"code": code, "amount": {"amount": EACH, "currency": "CNY"}}
    repeats = wrong = 0
    for turn in range(WHOLE + 2):
        key = secrets.token_hex(8)
        answer = till("", body, key)
        if _told(answer) == "409 voucher_spent":
            return turn, repeats, wrong
        first = expect(answer)["id"]
        if turn % REPEATED == 0:
            repeats += 1
            wrong += expect(till("", body, key))["id"] != first
    raise NoAnswer("a till took more than there was")


def _left(till: Till, code: str) -> int:
    body = {"code": code, "amount": {"amount": 1, "currency": "CNY"}}
    return expect(till("/check", body, secrets.token_hex(8)))["voucher"]["left"]


def _told(answer: Answer) -> str:
    return f"{answer.status} {answer.body.get('code', '')}".strip() if answer.status >= 300 else str(answer.status)
