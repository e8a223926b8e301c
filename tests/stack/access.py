"""Who may call what: the table of DESIGN's API chapter, route by route, as the tests hold the deployment to it.

`docs/openapi.json` says what exists; this says for whom. A route that is missing here fails the test.
"""

from collections.abc import Iterable
from itertools import product
from typing import TypeAlias

Route: TypeAlias = tuple[str, str]
"""Method and path as documented."""

SHOP = frozenset({"storefront", "publishable"})
STAFF = frozenset({"operator", "support"})
BUYER = frozenset({"storefront", "order"})
OPERATOR = frozenset({"operator"})
TILL = frozenset({"counter", "storefront"})
REPORTS = frozenset({"operator", "analyst"})
ANYBODY = None


def _all(who: frozenset[str] | None, methods: str, paths: Iterable[str]) -> dict[Route, frozenset[str] | None]:
    return {(method, f"/v1{path}"): who for method, path in product(methods.split(), paths)}


def _signed(methods: str, *paths: str) -> frozenset[Route]:
    return frozenset((method, path) for method, path in product(methods.split(), paths))


SIGNED: frozenset[Route] = (
    _signed("POST", "/v1/payments/{provider}/notify", "/v1/suppliers/{supplier}/notify")
    # Other shops that buy from this one.
    | _signed("POST", "/v1/supply/orders", "/v1/supply/orders/{key}/cancel")
    | _signed("POST", "/v1/supply/goods/stock", "/v1/supply/goods/{code}/check")
    | _signed("GET", "/v1/supply/orders/{key}", "/v1/supply/goods", "/v1/supply/goods/{code}/quote")
    | _signed("GET", "/v1/supply/balance", "/v1/supply/statements/{day}")
    | _signed("POST", "/api/v1/upstream/ping", "/api/v1/upstream/orders", "/api/v1/upstream/orders/{number}/cancel")
    | _signed("GET", "/api/v1/upstream/categories", "/api/v1/upstream/orders/{number}")
    | _signed("GET", "/api/v1/upstream/products", "/api/v1/upstream/products/{number}")
)
"""Their function itself tells who calls, by a signature: no key of ours opens them, and none is asked for."""

ALLOWED: dict[Route, frozenset[str] | None] = {
    # The shop window and the till.
    **_all(SHOP, "GET", ("/categories", "/products", "/products/{product_id}", "/payment-methods")),
    **_all(SHOP, "POST", ("/quotes", "/orders", "/orders/lookup", "/events")),
    **_all(SHOP, "POST", ("/orders/{order_id}/payments", "/orders/{order_id}/cancel")),
    # One order: its own token, and the channel's server.
    **_all(BUYER, "GET", ("/orders/{order_id}", "/orders/{order_id}/deliveries")),
    **_all(BUYER, "POST", ("/orders/{order_id}/accounts",)),
    **_all(BUYER, "GET POST", ("/orders/{order_id}/claims", "/orders/{order_id}/invoice")),
    # Those who bring no key of ours.
    **dict.fromkeys(SIGNED, ANYBODY),
    **_all(ANYBODY, "POST", ("/sandbox/payments/{payment}",)),
    **_all(ANYBODY, "GET", ("/docs", "/openapi.json")),
    # The shop's people.
    **_all(STAFF, "POST", (f"/orders/{{order_id}}/{act}" for act in ("manual-delivery", "refunds", "replacements"))),
    **_all(STAFF, "GET", ("/admin/orders", "/admin/orders/{order_id}", "/admin/orders/{order_id}/timeline")),
    **_all(STAFF, "GET", ("/admin/audit", "/admin/claims", "/admin/invoices", "/admin/invoices/{order_id}")),
    **_all(STAFF, "POST", ("/admin/claims/{claim_id}/decide",)),
    **_all(STAFF, "POST", (f"/admin/invoices/{{order_id}}/{act}" for act in ("issued", "refused", "reversed"))),
    **_all(STAFF, "GET", (f"/admin/cases{more}" for more in ("", "/{case_id}", "/{case_id}/evidence"))),
    **_all(STAFF, "POST", ("/admin/cases/{case_id}/answer",)),
    **_all(
        STAFF,
        "POST",
        ("/admin/orders/search", "/admin/orders/{order_id}/notes", "/admin/orders/{order_id}/resend"),
    ),
    **_all(OPERATOR, "GET", ("/admin/orders.csv",)),
    **_all(OPERATOR, "POST", ("/admin/orders/{order_id}/mark-paid",)),
    **_all(
        OPERATOR, "POST", (f"/admin/orders/{{order_id}}/refunds/{{refund_id}}/{act}" for act in ("settle", "retry"))
    ),
    **_all(OPERATOR, "POST", ("/admin/orders/{order_id}/recover",)),
    **_all(OPERATOR, "GET POST", ("/admin/settlements", "/admin/past-orders/imports")),
    **_all(OPERATOR, "GET", (f"/admin/past-orders/{what}" for what in ("presets", "sources"))),
    **_all(OPERATOR, "GET PUT DELETE", ("/admin/past-orders/sources/{source}",)),
    **_all(OPERATOR, "POST", ("/admin/past-orders/sources/{source}/preview",)),
    **_all(REPORTS, "GET", ("/admin/channel-spend", "/admin/rfm-bands", "/admin/insights/rules")),
    **_all(OPERATOR, "PUT", ("/admin/channel-spend", "/admin/rfm-bands", "/admin/insights/rules")),
    **_all(OPERATOR, "POST", ("/admin/channel-spend/csv",)),
    **_all(OPERATOR, "GET PUT", ("/admin/digest",)),
    **_all(REPORTS, "GET", ("/reports/reconcile", "/reports/tax", "/reports/diversion", "/reports/trading")),
    **_all(REPORTS, "GET", ("/reports/customers", "/reports/customers/list")),
    **_all(REPORTS, "GET", ("/reports/channels", "/reports/products", "/reports/redemption")),
    **_all(REPORTS, "GET", ("/reports/risk", "/reports/supply")),
    **_all(REPORTS, "GET", ("/reports/daily", "/reports/daily/{report}", "/reports/digest", "/reports/insights")),
    **_all(OPERATOR, "POST", ("/admin/insights/{insight_id}/dismiss",)),
    # Catalogue and keys.
    **_all(OPERATOR, "GET POST", ("/admin/products", "/admin/categories", "/admin/channels", "/admin/keys")),
    **_all(OPERATOR, "GET PUT PATCH", ("/admin/products/{product_id}",)),
    **_all(OPERATOR, "POST", (f"/admin/products/{{product_id}}/{state}" for state in ("publish", "archive", "draft"))),
    **_all(OPERATOR, "GET PUT", ("/admin/skus/{sku_id}", "/admin/channels/{channel_id}")),
    **_all(OPERATOR, "GET PATCH DELETE", ("/admin/categories/{category_id}",)),
    **_all(OPERATOR, "POST", ("/admin/categories/{category_id}/move",)),
    **_all(OPERATOR, "GET POST", ("/admin/channels/{channel_id}/keys",)),
    **_all(OPERATOR, "PATCH", ("/admin/keys/{key_id}", "/admin/channels/{channel_id}/keys/{key_id}")),
    **_all(OPERATOR, "POST", ("/admin/keys/{key_id}/revoke", "/admin/channels/{channel_id}/keys/{key_id}/revoke")),
    # Stock.
    **_all(OPERATOR, "GET POST", ("/admin/imports",)),
    **_all(OPERATOR, "GET", (f"/admin/imports/{{import_id}}{more}" for more in ("", "/refused", "/refused-csv"))),
    **_all(OPERATOR, "POST", (f"/admin/imports/{{import_id}}/{act}" for act in ("resume", "cancel"))),
    **_all(OPERATOR, "GET", ("/admin/batches", "/admin/batches/{batch_id}")),
    **_all(OPERATOR, "GET", ("/admin/cards", "/admin/cards/{card_id}")),
    **_all(OPERATOR, "GET", ("/admin/stock", "/admin/stock-levels")),
    **_all(OPERATOR, "POST", ("/admin/batches/{batch_id}/{action}", "/admin/cards/{card_id}/{action}")),
    **_all(OPERATOR, "POST", ("/admin/cards/find",)),
    **_all(OPERATOR, "GET", ("/admin/charge-backs", "/admin/charge-backs.csv")),
    **_all(OPERATOR, "GET", ("/admin/accounts",)),
    **_all(OPERATOR, "GET PUT", ("/admin/accounts/{channel}",)),
    **_all(OPERATOR, "PUT", ("/admin/accounts/{channel}/secret",)),
    **_all(OPERATOR, "GET POST", ("/admin/accounts/{channel}/moves",)),
    # Payment providers.
    **_all(OPERATOR, "GET", ("/admin/payment-providers",)),
    **_all(OPERATOR, "PUT", (f"/admin/payment-providers/{{provider}}{more}" for more in ("", "/credentials"))),
    **_all(OPERATOR, "POST", ("/admin/payment-providers/{provider}/test",)),
    # Suppliers.
    **_all(OPERATOR, "GET", ("/admin/suppliers", "/admin/supplier-adapters", "/admin/offers/{sku}")),
    **_all(OPERATOR, "GET PUT", ("/admin/suppliers/{supplier}",)),
    **_all(OPERATOR, "PUT", (f"/admin/suppliers/{{supplier}}/{what}" for what in ("enabled", "credentials"))),
    **_all(OPERATOR, "GET", (f"/admin/suppliers/{{supplier}}/{what}" for what in ("balance", "health", "goods"))),
    **_all(OPERATOR, "POST", ("/admin/suppliers/{supplier}/sync",)),
    **_all(OPERATOR, "GET", ("/admin/suppliers/{supplier}/offers",)),
    **_all(OPERATOR, "GET PUT DELETE", ("/admin/suppliers/{supplier}/offers/{sku}",)),
    **_all(OPERATOR, "PUT", ("/admin/suppliers/{supplier}/offers/{sku}/goods",)),
    # What is bought from them, and when.
    **_all(STAFF | REPORTS, "GET", ("/admin/purchase-orders", "/admin/purchase-orders/{purchase_id}")),
    **_all(STAFF, "POST", (f"/admin/purchase-orders/{{purchase_id}}/{act}" for act in ("ask", "notes"))),
    **_all(OPERATOR, "POST", ("/admin/purchase-orders",)),
    **_all(
        OPERATOR, "POST", (f"/admin/purchase-orders/{{purchase_id}}/{act}" for act in ("approve", "cancel", "resolve"))
    ),
    # Risk control.
    **_all(OPERATOR, "GET", ("/admin/risk/rules",)),
    **_all(OPERATOR, "GET POST", ("/admin/risk/rules/{point}", "/admin/risk/lists")),
    **_all(OPERATOR, "GET", ("/admin/risk/rules/{point}/fields", "/admin/risk/rules/{point}/{version}")),
    **_all(OPERATOR, "POST", ("/admin/risk/rules/{point}/{version}/dry-run",)),
    **_all(OPERATOR, "POST", (f"/admin/risk/rules/{{point}}/{act}" for act in ("activate", "roll-back"))),
    **_all(OPERATOR, "GET PUT", ("/admin/risk/policies",)),
    **_all(OPERATOR, "POST", ("/admin/risk/lists/find",)),
    **_all(OPERATOR, "DELETE", ("/admin/risk/lists/{entry_id}",)),
    **_all(OPERATOR, "GET", ("/admin/risk/decisions", "/admin/risk/decisions/{decision_id}")),
    **_all(STAFF, "GET", ("/reviews", "/reviews/{review_id}")),
    **_all(STAFF, "POST", ("/reviews/{review_id}/approve", "/reviews/{review_id}/refuse")),
    # Vouchers: those who issue them, those who help, those who hold them, those who redeem them.
    **_all(OPERATOR, "POST", ("/admin/voucher-series", "/admin/voucher-series/{series_id}/generate")),
    **_all(STAFF, "GET", ("/admin/voucher-series", "/admin/vouchers", "/admin/vouchers/{card_id}")),
    **_all(OPERATOR, "GET", (f"/admin/voucher-series/{{series_id}}{more}" for more in ("", "/export"))),
    **_all(OPERATOR, "GET", ("/admin/voucher-series/{series_id}/vouchers/{card_id}/qr",)),
    **_all(OPERATOR, "POST", ("/admin/voucher-series/{series_id}/{action}", "/admin/vouchers/{card_id}/{action}")),
    **_all(STAFF, "POST", ("/admin/vouchers/find",)),
    **_all(BUYER, "GET", ("/orders/{order_id}/vouchers/{unit}/qr",)),
    **_all(TILL, "POST", ("/redemptions", "/redemptions/check", "/issuers/{issuer}/redemptions")),
    **_all(TILL, "GET", ("/stores", "/issuers")),
    **_all(TILL | OPERATOR, "GET", ("/redemptions",)),
    **_all(TILL | OPERATOR, "POST", ("/redemptions/{redemption_id}/reverse",)),
    **_all(OPERATOR, "GET", ("/admin/stores", "/admin/issuers")),
    **_all(OPERATOR, "GET PUT", ("/admin/stores/{store_id}",)),
    **_all(OPERATOR, "PUT", ("/admin/issuers/{issuer}", "/admin/issuers/{issuer}/credentials")),
    **_all(STAFF | REPORTS, "GET", ("/admin/purchase-orders/statements",)),
    **_all(OPERATOR, "POST", ("/admin/purchase-orders/statements", "/admin/stock-policies/demand")),
    **_all(OPERATOR, "GET", ("/admin/stock-policies",)),
    **_all(OPERATOR, "GET PUT DELETE", ("/admin/stock-policies/{sku}/{channel}",)),
    **_all(OPERATOR, "POST", ("/admin/stock-policies/{sku}/{channel}/preview",)),
    # Alerts, and bots that tell of them.
    **_all(OPERATOR, "GET", ("/admin/alerts", "/admin/bots")),
    **_all(OPERATOR, "POST", ("/admin/alerts/{alert_id}/acknowledge", "/admin/bots/{bot}/test")),
    **_all(OPERATOR, "PUT", ("/admin/bots/{bot}", "/admin/bots/{bot}/webhook")),
    # Mails.
    **_all(OPERATOR, "GET", ("/admin/mail-templates", "/admin/mail-templates/{kind}/{language}")),
    **_all(OPERATOR, "PUT DELETE", ("/admin/mail-templates/{kind}/{language}",)),
    **_all(OPERATOR, "POST", ("/admin/mail-templates/{kind}/{language}/preview",)),
}
