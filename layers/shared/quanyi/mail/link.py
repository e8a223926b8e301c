"""The link that a mail carries: the buyer's right to one order.

The token stands behind `#`: a browser does not send that part, so no server's log and no `Referer` ever holds it.
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
