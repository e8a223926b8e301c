"""From what was found to what is told: in words, with the calls that show more and the one that acts on it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import urlencode

from quanyi.catalog.texts import Language
from quanyi.insights import actions
from quanyi.insights.model import Action, Call, Finding, Insight, Rule
from quanyi.insights.naming import Known
from quanyi.insights.texts import DEEDS, DIRECTIONS, TEXTS, TITLES, WEEKDAYS, Deed
from quanyi.insights.thresholds import DEFAULTS, Thresholds
from quanyi.mail.model import money_text

MOST = 10
"""Insights of one rule: nobody reads more."""

_MONEY = frozenset({"gmv", "gmv_median", "margin", "margin_at_most", "spend", "monetary"})
_SHARES = frozenset({"success_rate", "success_rate_before", "repurchase_rate", "repurchase_rate_at_least"})
_GOODS = frozenset({"sku", "a", "b"})
_REPORTS: Mapping[Rule, tuple[str, ...]] = {
    "provider": ("provider_weeks", "payments_daily"),
    "abnormal_day": ("shop_days",),
    "channel_roi": ("channels", "channel_days"),
    "expiring": ("sku_sales",),
    "win_back": ("at_risk",),
    "repurchase": ("products",),
    "bundle": ("baskets",),
}
_LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")


def told(findings: Iterable[Finding], known: Known, least: Thresholds = DEFAULTS) -> list[Insight]:
    """Without those that nothing is to be done about any more; of each rule the first ones."""
    kept: list[Insight] = []
    by_rule = Counter[Rule]()
    for finding in findings:
        if by_rule[finding.rule] < MOST and (one := _told(finding, known, least)):
            kept.append(one)
            by_rule[finding.rule] += 1
    return kept


def _told(finding: Finding, known: Known, least: Thresholds) -> Insight | None:
    calls = actions.calls_for(finding, known)
    if calls is None:
        return None
    values: dict[Language, dict[str, str]] = {
        language: _values(finding, known, calls, language) for language in _LANGUAGES
    }
    deed, rule = _deed(finding.rule, calls), finding.rule
    return Insight(
        id=finding.id,
        rule=rule,
        about=finding.about,
        severity=finding.severity,
        title={language: TITLES[language][rule].format_map(values[language]) for language in _LANGUAGES},
        text={language: "".join(TEXTS[language][rule]).format_map(values[language]) for language in _LANGUAGES},
        evidence=finding.evidence,
        thresholds=least.of(rule),
        see=_see(finding, known),
        action=Action(
            text={language: "".join(DEEDS[language][deed]).format_map(values[language]) for language in _LANGUAGES},
            calls=calls,
        ),
    )


def _see(finding: Finding, known: Known) -> tuple[str, ...]:
    """What the finding was made of, and whom it is about."""
    day = known.day.isoformat()
    found = [f"/v1/reports/daily/{name}?day={day}" for name in _REPORTS[finding.rule]]
    if finding.rule == "win_back":
        asked = {"report": "rfm", "currency": finding.evidence["currency"], "day": day}
        segments = ("important_keep", "important_win_back")
        found += [f"/v1/reports/customers/list?{urlencode({**asked, 'segment': one})}" for one in segments]
    if finding.rule == "expiring":
        found.append(f"/v1/admin/stock?{urlencode({'sku': finding.evidence['sku']})}")
    return tuple(found)


def _deed(rule: Rule, calls: tuple[Call, ...]) -> Deed:
    match rule:
        case "provider":
            changed = sum(call.method == "PUT" for call in calls)
            return "switch" if changed > 1 else "take_off" if changed else "add_provider"
        case "channel_roi":
            return "cut_or_close" if len(calls) > 1 else "cut_spend"
        case "repurchase" if calls[0].method == "PUT":
            return "tier"
        case "repurchase":
            (sku,) = (calls[0].body or {})["skus"]
            return "uses" if sku["kind"] == "voucher" else "pack"
        case "abnormal_day":
            return "look"
        case "expiring":
            return "clear"
        case "win_back":
            return "coupons"
        case "bundle":
            return "bundle"


def _values(finding: Finding, known: Known, calls: tuple[Call, ...], language: Language) -> dict[str, str]:
    it = cast("Mapping[str, Any]", finding.evidence)
    found = {name: _value(name, it, known, language) for name in it}
    match finding.rule:
        case "abnormal_day":
            found["weekday"] = WEEKDAYS[language][it["weekday"] - 1]
            found["direction"] = DIRECTIONS[language][finding.severity == "info"]
        case "provider":
            found["other"] = calls[0].path.rpartition("/")[2]
        case "expiring":
            sku = known.skus[it["sku"]]
            found |= {"price": money_text(sku.price, sku.currency), "clearance_off": f"{actions.CLEARANCE_OFF:.0%}"}
            found["clearance"] = money_text(actions.clearance(sku.price), sku.currency)
        case "win_back":
            off = actions.COUPON_PERCENT / 10_000
            found |= {
                "percent": f"{off:.0%}",
                "discount": f"{10 - off * 10:g}",
                "coupon_days": f"{actions.COUPON_DAYS}",
            }
            found["count"] = f"{(calls[-1].body or {})['count']}"
        case "repurchase":
            found |= {"uses": f"{actions.USES}", "uses_paid": f"{actions.USES_PAID}"}
            found |= {"pack": f"{actions.PACK}", "pack_off": f"{actions.PACK_OFF:.0%}"}
        case "bundle":
            found["bundle_off"] = f"{actions.BUNDLE_OFF:.0%}"
        case "channel_roi":
            pass
    return found


def _value(name: str, it: Mapping[str, Any], known: Known, language: Language) -> str:
    value = it[name]
    if name in _MONEY:
        return f"{'-' if value < 0 else ''}{money_text(abs(value), it['currency'])}"
    if name in _SHARES:
        return f"{value:.1%}"
    if name == "roi_bp":
        return f"{value / 10_000:.1%}"
    if name in _GOODS:
        return known.sku_title(value, language)
    if name == "channel":
        return known.channel_name(value)
    return f"{value:g}" if isinstance(value, float) else f"{value}"
