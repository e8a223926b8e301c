"""The call that acts on a finding, whole: whoever agrees sends it as it is.

What changes something is sent with the version that it was made from, and refused (409 `stale_version`) once somebody
changed it. What makes something makes a draft, which nobody can buy before it is published.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from quanyi.catalog.model import Sku, SkuTerms, Tier
from quanyi.catalog.product import terms_of
from quanyi.catalog.texts import Titles
from quanyi.clock import stamp
from quanyi.imports.model import MAX_LINES
from quanyi.insights.model import Answered, Call, Finding, Rule
from quanyi.insights.naming import Known, made_sku
from quanyi.payments.settings import ProviderSettings
from quanyi.vouchers.model import OnceValue, TimesValue

BUNDLE_OFF = 0.05
"""Of the two prices together."""
PACK, PACK_OFF = 3, 0.05
USES, USES_PAID = 10, 9
CLEARANCE_OFF = 0.2
COUPON_PERCENT = 1000
"""Basis points."""
COUPON_DAYS = 30

_TRADING = "/v1/reports/trading"
_PROVIDERS = "/v1/admin/payment-providers"

Calls = tuple[Call, ...] | None


def calls_for(finding: Finding, known: Known) -> Calls:
    """None where there is nothing to do any more: the goods are gone, or somebody acted before."""
    made = made_sku(finding, known.day)
    return None if made in known.skus else _CALLS[finding.rule](finding, known)


def _switch(finding: Finding, known: Known) -> Calls:
    """To whom shoppers pay instead: those who are on are left; else one who is set up is put on first. Where there is
    none, the way there is to see how they are set up."""
    name = str(finding.evidence["provider"])
    mine = known.providers.get(name)
    others = [one for one in known.providers.values() if one.name != name and one.credentials]
    if mine is None or not mine.enabled or not others:
        return (Call(method="GET", path=_PROVIDERS),)
    if any(one.enabled for one in others):
        return (_put(mine, enabled=False),)
    return (_put(min(others, key=lambda one: one.name), enabled=True), _put(mine, enabled=False))


def _put(settings: ProviderSettings, *, enabled: bool) -> Call:
    body = settings.terms.model_dump(mode="json") | {"enabled": enabled, "version": settings.version}
    return Call(method="PUT", path=f"{_PROVIDERS}/{settings.name}", body=body, private=True)


def _look_into(finding: Finding, known: Known) -> Calls:
    day = finding.evidence["day"]
    return (Call(method="GET", path=f"{_TRADING}?from={day}&to={day}&by=hour"),)


def _pause(finding: Finding, known: Known) -> Calls:
    """Where the spend goes, campaign by campaign; and a channel that is not the only one is closed."""
    see = Call(method="GET", path=f"/v1/admin/channel-spend?month={known.day:%Y-%m}&limit=100")
    mine = known.channels.get(str(finding.evidence["channel"]))
    others = [one for one in known.channels.values() if one.enabled and mine and one.id != mine.id]
    if mine is None or not mine.enabled or not others:
        return (see,)
    body = mine.settings.model_dump(mode="json") | {"enabled": False, "version": mine.version}
    return see, Call(method="PUT", path=f"/v1/admin/channels/{mine.id}", body=body)


def _clear(finding: Finding, known: Known) -> Calls:
    """All its prices lower by the same part."""
    sku = known.skus.get(str(finding.evidence["sku"]))
    return None if sku is None else (_changed(sku, _cheaper(terms_of(sku))),)


def clearance(price: int) -> int:
    return max(1, round(price * (1 - CLEARANCE_OFF)))


def _cheaper(terms: SkuTerms) -> SkuTerms:
    def tiers(old: tuple[Tier, ...]) -> tuple[Tier, ...]:
        return tuple(one.model_copy(update={"price": clearance(one.price)}) for one in old)

    channels = {
        name: one.model_copy(update={"price": one.price and clearance(one.price), "tiers": tiers(one.tiers)})
        for name, one in terms.channels.items()
    }
    return terms.model_copy(update={"price": clearance(terms.price), "tiers": tiers(terms.tiers), "channels": channels})


def _changed(sku: Sku, terms: SkuTerms) -> Call:
    body = terms.model_dump(mode="json", exclude_none=True) | {"version": sku.version}
    return Call(method="PUT", path=f"/v1/admin/skus/{sku.id}", body=body)


def _bundle(finding: Finding, known: Known) -> Calls:
    a, b = (known.skus.get(str(finding.evidence[name])) for name in ("a", "b"))
    if a is None or b is None or "bundle" in (a.kind, b.kind) or a.currency != b.currency:
        return None
    if "archived" in (a.product_state, b.product_state):
        return None
    titles: Titles = {
        "zh-CN": f"{known.sku_title(a.id, 'zh-CN')}＋{known.sku_title(b.id, 'zh-CN')} 组合"[:200],
        "en": f"{known.sku_title(a.id, 'en')} + {known.sku_title(b.id, 'en')}"[:200],
    }
    parts = [{"sku": one.id, "quantity": 1} for one in (a, b)]
    price = round((a.price + b.price) * (1 - BUNDLE_OFF))
    same = {name: getattr(a, name) for name in ("tax_class", "tax_rate") if getattr(a, name) == getattr(b, name)}
    return (_draft(finding, known, titles, {"kind": "bundle", "components": parts, **_priced(price, a), **same}),)


def _membership(finding: Finding, known: Known) -> Calls:
    """Memberships are not sold yet; what is nearest: a card of several uses (次卡) for a voucher that is used once, a
    pack of whatever may be in a bundle, and of a bundle a price for whoever takes several."""
    sku = known.skus.get(str(finding.evidence["sku"]))
    if sku is None or sku.product_state == "archived":
        return None
    zh, en = (known.sku_title(sku.id, language) for language in ("zh-CN", "en"))
    taxed = {"tax_class": sku.tax_class, "tax_rate": sku.tax_rate}
    packed = round(sku.price * PACK * (1 - PACK_OFF))
    if sku.voucher and isinstance(sku.voucher.value, OnceValue):
        uses = sku.voucher.model_copy(update={"value": TimesValue(kind="times", times=USES)})
        voucher = uses.model_dump(mode="json", exclude_none=True)
        titles: Titles = {"zh-CN": f"{zh} {USES}次卡"[:200], "en": f"{en}: {USES} uses"[:200]}
        card = {"kind": "voucher", "voucher": voucher, **_priced(sku.price * USES_PAID, sku), **taxed}
        return (_draft(finding, known, titles, card),)
    if sku.kind != "bundle":
        titles = {"zh-CN": f"{zh} {PACK}件装"[:200], "en": f"{en}: pack of {PACK}"[:200]}
        parts = [{"sku": sku.id, "quantity": PACK}]
        pack = {"kind": "bundle", "components": parts, **_priced(packed, sku), **taxed}
        return (_draft(finding, known, titles, pack),)
    if sku.tiers:
        return None
    tier = Tier(from_quantity=PACK, price=max(1, packed // PACK))
    return (_changed(sku, terms_of(sku).model_copy(update={"tiers": (tier,)})),)


def _coupons(finding: Finding, known: Known) -> Calls:
    """A discount voucher that is never sold, and a code for each buyer to be handed out."""
    off = COUPON_PERCENT // 100
    titles: Titles = {"zh-CN": f"老客回归券 {10 - off / 10:g} 折", "en": f"Welcome back: {off} % off"}
    until = stamp(known.ends + timedelta(days=COUPON_DAYS))
    currency = str(finding.evidence["currency"])
    voucher = {
        "value": {"kind": "discount", "percent": COUPON_PERCENT},
        "currency": currency,
        "rules": {"valid_until": until},
    }
    terms = {"kind": "voucher", "voucher": voucher, "price": 1, "currency": currency, "only_listed_channels": True}
    product = _draft(finding, known, titles, terms)
    sku = made_sku(finding, known.day)
    return (
        product,
        Call(
            method="POST",
            path="/v1/admin/voucher-series",
            idempotency_key=_key(finding, known, 1),
            body={"sku": sku, "title": titles["zh-CN"]},
        ),
        Call(
            method="POST",
            path="/v1/admin/voucher-series/{series_id}/generate",
            path_from={"series_id": Answered(call=1, field="id")},
            idempotency_key=_key(finding, known, 2),
            body={"count": min(int(finding.evidence["buyers"] or 0), MAX_LINES), "into": "handed_out"},
        ),
    )


def _priced(price: int, like: Sku) -> dict[str, Any]:
    return {"price": max(1, price), "currency": like.currency}


def _draft(finding: Finding, known: Known, titles: Titles, sku: Mapping[str, Any]) -> Call:
    """A product of one SKU."""
    body = {"titles": titles, "skus": [{"id": made_sku(finding, known.day), "titles": titles, **sku}]}
    return Call(method="POST", path="/v1/admin/products", idempotency_key=_key(finding, known, 0), body=body)


def _key(finding: Finding, known: Known, call: int) -> str:
    """The same call of the same insight of the same day makes one thing, however often it is sent."""
    return f"{finding.id}-{known.day:%Y%m%d}-{call}"


_CALLS: Mapping[Rule, Callable[[Finding, Known], Calls]] = {
    "provider": _switch,
    "abnormal_day": _look_into,
    "channel_roi": _pause,
    "expiring": _clear,
    "win_back": _coupons,
    "repurchase": _membership,
    "bundle": _bundle,
}
