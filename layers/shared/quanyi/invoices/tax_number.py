"""Tax numbers of Chinese enterprises (纳税人识别号).

An enterprise's is its 统一社会信用代码 of 18 characters (GB 32100-2015, with a check character); older ones have 15
(region and organisation code), those that were given by an identity number have 20.
"""

import re
import unicodedata

CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015, table of character values: neither I, O, S, V nor Z."""

_CREDIT_CODE = re.compile(rf"[{CHARACTERS}]{{2}}[0-9]{{6}}[{CHARACTERS}]{{10}}")
_OLD = re.compile(r"[0-9A-Z]{15}|[0-9A-Z]{20}")


def normal(text: str) -> str:
    """As it is written on an invoice: capitals without blanks or width variants."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def is_tax_number(number: str) -> bool:
    """Of a normalised number: 15 or 20 characters, or 18 with the right check character."""
    if len(number) == 18:
        return bool(_CREDIT_CODE.fullmatch(number)) and check_character(number[:17]) == number[17]
    return bool(_OLD.fullmatch(number))


def check_character(first: str) -> str:
    """Of the 17 before it: 31 - sum(value × 3^i mod 31) mod 31 (GB 32100-2015)."""
    total = sum(CHARACTERS.index(character) * pow(3, i, 31) for i, character in enumerate(first))
    return CHARACTERS[-total % 31]
