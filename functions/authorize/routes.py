"""Which routes each role may call; what is not here is refused at the gateway.

`*` in a path stands for anything, slashes included, as it does in the policy that is made of it. The gateway keeps a
policy for a while and uses it for every route, so each role's list is complete.
"""

from quanyi.callers import Caller, KeyRole

Route = tuple[str, str]
"""Method (`*` for any) and path."""

_SHOP: tuple[Route, ...] = (
    ("GET", "/v1/categories"),
    ("GET", "/v1/products"),
    ("GET", "/v1/products/*"),
    ("POST", "/v1/quotes"),
    ("POST", "/v1/orders"),
    ("POST", "/v1/orders/*/payments"),
    ("POST", "/v1/orders/*/cancel"),
    ("POST", "/v1/orders/lookup"),
    ("GET", "/v1/payment-methods"),
    ("POST", "/v1/events"),
)
_REDEMPTIONS: tuple[Route, ...] = (
    ("POST", "/v1/redemptions"),
    ("POST", "/v1/redemptions/check"),
    ("POST", "/v1/redemptions/*/reverse"),
    ("GET", "/v1/redemptions"),
    ("GET", "/v1/stores"),
    ("GET", "/v1/issuers"),
    ("POST", "/v1/issuers/*/redemptions"),
)
_BUYERS: tuple[str, ...] = ("accounts", "claims", "invoice")
"""What a buyer says, or asks for after the sale, below their order."""
_SUPPORT: tuple[Route, ...] = (
    ("POST", "/v1/orders/*/refunds"),
    ("POST", "/v1/orders/*/replacements"),
    ("POST", "/v1/orders/*/manual-delivery"),
    ("*", "/v1/reviews"),
    ("*", "/v1/reviews/*"),
    *(("*", f"/v1/admin/{name}") for name in ("cases", "claims", "invoices")),
    *(("*", f"/v1/admin/{name}/*") for name in ("cases", "claims", "invoices")),
)
_CALLBACKS: tuple[Route, ...] = (("POST", "/v1/suppliers/*/notify"),)
_REPORTS: tuple[Route, ...] = (("GET", "/v1/reports/*"),)
_CHOICES: tuple[str, ...] = ("channel-spend", "rfm-bands", "insights/rules")
"""What the operator tells reports, and those who read them may look at."""
_PURCHASES: tuple[Route, ...] = (("GET", "/v1/admin/purchase-orders"), ("GET", "/v1/admin/purchase-orders/*"))
"""Reading what was bought from suppliers."""

ROUTES: dict[KeyRole, tuple[Route, ...]] = {
    # A channel's server sees the channel's orders and their deliveries; a browser needs the order's own token.
    "storefront": (
        *_SHOP,
        *_REDEMPTIONS,
        ("GET", "/v1/orders/*"),
        *(("POST", f"/v1/orders/*/{name}") for name in _BUYERS),
    ),
    "publishable": _SHOP,
    # The merchant: everything of the shop's, but no buyer's secret (`GET /v1/orders/{id}/deliveries`).
    "operator": (
        ("*", "/v1/admin/*"),
        *_SUPPORT,
        *_CALLBACKS,
        *_REPORTS,
        ("GET", "/v1/redemptions"),
        ("POST", "/v1/redemptions/*/reverse"),
    ),
    # To help with an order, one must find and read it.
    "support": (
        *_SUPPORT,
        ("GET", "/v1/admin/orders"),
        ("GET", "/v1/admin/orders/*"),
        ("POST", "/v1/admin/orders/search"),
        ("POST", "/v1/admin/orders/*/notes"),
        ("POST", "/v1/admin/orders/*/resend"),
        # What a buyer holds in their hand at the counter; changing it is the operator's.
        ("GET", "/v1/admin/voucher-series"),
        ("GET", "/v1/admin/vouchers"),
        ("GET", "/v1/admin/vouchers/*"),
        ("POST", "/v1/admin/vouchers/find"),
        ("GET", "/v1/admin/audit"),
        # Why a buyer's top-up has not come yet; whether it did at all is the operator's to say.
        *_PURCHASES,
        *(("POST", f"/v1/admin/purchase-orders/*/{act}") for act in ("ask", "notes")),
    ),
    "analyst": (*_REPORTS, *_PURCHASES, *(("GET", f"/v1/admin/{name}") for name in _CHOICES)),
    "counter": _REDEMPTIONS,
    # No key names a supplier: what the shop buys, and what the others charge, is none's business (docs/decisions/0022).
    "supplier": _CALLBACKS,
}


def routes_of(caller: Caller) -> tuple[Route, ...]:
    """An order token opens its own order to reading, and to what its buyer may say of it and ask for after the sale."""
    if caller.role == "order":
        own = f"/v1/orders/{caller.order}"
        return ("GET", own), ("GET", f"{own}/*"), *(("POST", f"{own}/{name}") for name in _BUYERS)
    return ROUTES[caller.role]
