"""What the benchmarks sell: one card SKU with terms of a usual length, and invented codes."""

import secrets
from typing import Any

SKU: dict[str, Any] = {
    "id": "video-gold-month",
    "kind": "card",
    "titles": {"zh-CN": "视频黄金会员月卡", "en": "Video Gold, one month"},
    "price": 1980,
    "face_value": 3000,
    "tutorial": {"zh-CN": "打开 App，我的，兑换中心，输入兑换码。", "en": "In the app: Me, Redeem; enter the code."},
    "issuer": "video",
    "card_format": "code",
    "validity": {"days_from_delivery": 31},
}


def invented(count: int) -> list[str]:
    """Different codes, in the usual form."""
    codes: set[str] = set()
    while len(codes) < count:
        text = secrets.token_hex(8).upper()
        codes.add("-".join(text[i : i + 4] for i in range(0, 16, 4)))
    return sorted(codes)
