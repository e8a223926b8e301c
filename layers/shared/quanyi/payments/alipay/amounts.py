"""Alipay's amounts are decimal yuan in text; ours are whole fen. Neither way ever touches a float."""

import re

_YUAN = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,2}))?")


def yuan(fen: int) -> str:
    """`1999` is `19.99`. `fen` is not negative."""
    return f"{fen // 100}.{fen % 100:02d}"


def fen(yuan: object) -> int:
    """`19.99` is `1999`. Raises ValueError for anything but a decimal text with at most two places."""
    found = _YUAN.fullmatch(yuan) if isinstance(yuan, str) else None
    if found is None:
        raise ValueError("this is not an amount in yuan")
    sign, whole, part = found.groups()
    amount = int(whole) * 100 + int((part or "").ljust(2, "0"))
    return -amount if sign else amount
