"""What each kind of SKU must say, and must not: what has no meaning for it is refused rather than kept."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quanyi.catalog.model import SkuTerms

_OF_CARDS: dict[str, Any] = {
    "issuer": "",
    "card_format": "code",
    "shards": 1,
    "warranty_days": 0,
    "free_replacements": 0,
    "replace_with": (),
}
"""What only something that lies in stock has, and its value where nothing is said."""


def check_kind(terms: "SkuTerms") -> None:
    """Raises ValueError."""
    _check_voucher(terms)
    _check_topup(terms)
    if terms.sourcing != "stock" and terms.kind not in ("card", "topup"):
        raise ValueError("only cards and top-ups are bought for an order")
    if terms.reusable_uses and (terms.kind != "card" or terms.sourcing != "stock"):
        raise ValueError("only a card from stock can be reusable")


def _check_voucher(terms: "SkuTerms") -> None:
    """A voucher is the shop's own: what other cards have from their issuer, its terms say."""
    if (terms.kind == "voucher") != (terms.voucher is not None):
        raise ValueError("a voucher has `voucher` terms, and only a voucher")
    if terms.voucher is None:
        return
    if terms.voucher.currency != terms.currency:
        raise ValueError("a voucher is worth the currency it is sold in")
    if terms.issuer or terms.card_format != "code":
        raise ValueError("a voucher's issuer is the shop, and its format is in its terms")
    if _has_validity(terms):
        raise ValueError("a voucher's validity is in its rules")
    if terms.replace_with:
        raise ValueError("a bad voucher is replaced by another of its own kind")


def _check_topup(terms: "SkuTerms") -> None:
    """A top-up is bought for its account, and gone once it is there: it has no stock, no end and no replacement."""
    if (terms.kind == "topup") != (terms.topup is not None):
        raise ValueError("a top-up has `topup` terms, and only a top-up")
    if terms.topup is None:
        return
    if terms.sourcing != "on_demand":
        raise ValueError("a top-up is always bought on demand")
    if not terms.face_value:
        raise ValueError("a top-up has a denomination: its face value")
    if _has_validity(terms):
        raise ValueError("a top-up has no validity")
    wrong = [name for name, unsaid in _OF_CARDS.items() if getattr(terms, name) != unsaid]
    if wrong:
        raise ValueError(f"a top-up has no {', '.join(wrong)}")


def _has_validity(terms: "SkuTerms") -> bool:
    return terms.validity.until is not None or terms.validity.days_from_delivery is not None
