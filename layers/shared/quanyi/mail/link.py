"""The links that mails carry: to a buyer the right to one order; to the shop's people where they see to something,
which asks them who they are.

A buyer's token stands behind `#`: a browser does not send that part, so no server's log and no `Referer` ever holds it.
"""

from typing import Annotated

from pydantic import AfterValidator

from quanyi.secret import Secret


def _token_in_fragment(url: str) -> str:
    page, _, fragment = url.partition("#")
    if not page.startswith(("https://", "http://")) or "{token}" in page or "{token}" not in fragment:
        raise ValueError("a claim URL has {token} behind its #, and {order} anywhere")
    return url


ClaimUrl = Annotated[str, AfterValidator(_token_in_fragment)]
"""`https://shop.example.com/claim/{order}#{token}`."""


def claim_link(url: ClaimUrl, order: str, token: Secret) -> Secret:
    return Secret(url.replace("{order}", order).replace("{token}", token.reveal()))


def _names_what(url: str) -> str:
    if not url.startswith(("https://", "http://")) or "{what}" not in url or "{id}" not in url:
        raise ValueError("a staff URL has {what} and {id}")
    return url


StaffUrl = Annotated[str, AfterValidator(_names_what)]
"""`https://console.example.com/{what}/{id}`; `what` is `cases`, `reviews`, `alerts`, `books` or `digests`, and of the
last two the id is a day."""


def staff_link(url: StaffUrl, what: str, about: str) -> str:
    return url.replace("{what}", what).replace("{id}", about)
