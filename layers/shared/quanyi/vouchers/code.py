"""A voucher's code: unguessable, read aloud without mistakes, and derived rather than drawn.

**Letters.** The 23 letters and digits that look like no other one. Being prime in number, they have a check letter (a
sum weighted by place, modulo 23) that finds every single wrong letter and every swap of neighbours, so that a slip of
the tongue never costs a try.

**Templates.** `*` is a random letter, `#` a random digit, `-` parts groups, `?` (once, at the end) is the check letter;
any letter of the alphabet stands for itself. What is random must be worth 80 bits.

**Derived**: HMAC over what the code is for, under the deployment's `voucher` key. A call that is repeated makes the
same code again, and an export can write it again, without opening a sealed card.
"""

import math
import re
import unicodedata
from base64 import urlsafe_b64decode

from quanyi.secret import Secret
from quanyi.vault.fingerprint import normalise
from quanyi.vault.keys import NamedKeys

ALPHABET = "23456789ACDEFHJKMPRTWXY"
DIGITS = "23456789"
DEFAULT_TEMPLATE = "****-****-****-****-***?"
LEAST_BITS = 80
MOST_BITS = 180
"""What 256 derived bits can be spread over evenly: the unevenness stays below 2^-76."""
MOST_SYMBOLS = 64
_RANDOM = {"*": ALPHABET, "#": DIGITS}
_WEIGHTS = len(ALPHABET) - 1


def check_template(template: str) -> str:
    """The template itself. Raises ValueError, in words for whoever wrote it."""
    symbols = template.replace("-", "")
    if not re.fullmatch(rf"[{ALPHABET}*#-]+\?", template):
        raise ValueError(f"a code consists of *, #, - and the letters {ALPHABET}, and ends with ? (the check letter)")
    if template.startswith("-") or "--" in template:
        raise ValueError("a hyphen stands between groups")
    if len(symbols) > MOST_SYMBOLS:
        raise ValueError(f"a code has at most {MOST_SYMBOLS} letters")
    bits = bits_of(template)
    if bits < LEAST_BITS:
        raise ValueError(f"{bits:.0f} random bits can be guessed: at least {LEAST_BITS} are needed (18 of *)")
    if bits > MOST_BITS:
        raise ValueError(f"at most {MOST_BITS} random bits")
    return template


def bits_of(template: str) -> float:
    """How unguessable its codes are."""
    return sum(math.log2(len(_RANDOM[symbol])) for symbol in template if symbol in _RANDOM)


def code_of(template: str, raw: bytes) -> str:
    """The code that 32 random bytes stand for, grouped as the template says."""
    number = int.from_bytes(raw)
    written: list[str] = []
    for symbol in template:
        if letters := _RANDOM.get(symbol):
            number, place = divmod(number, len(letters))
            written.append(letters[place])
        elif symbol == "?":
            written.append(_check_letter("".join(written).replace("-", "")))
        else:
            written.append(symbol)
    return "".join(written)


def plain(text: str) -> str:
    """A code as somebody typed it, in one form: without blanks and hyphens, in capitals of single width."""
    return unicodedata.normalize("NFKC", normalise(text)).upper()


def well_formed(text: str) -> bool:
    """Whether `text`, in its plain form, can be a code of ours: it says nothing of whether there is such a voucher."""
    return (
        1 < len(text) <= MOST_SYMBOLS and all(letter in ALPHABET for letter in text) and _sum(text) % len(ALPHABET) == 0
    )


def derived_code(keys: NamedKeys, template: str, *of: str) -> Secret:
    """The code of what `of` names (a series and a number, a unit of an order): the same for ever."""
    return Secret(code_of(template, _raw(keys, "code", *of)))


def derived_pin(keys: NamedKeys, digits: int, *of: str) -> Secret | None:
    """Likewise its PIN; None where vouchers have none."""
    if not digits:
        return None
    return Secret(f"{int.from_bytes(_raw(keys, 'pin', *of)) % 10**digits:0{digits}d}")


def _raw(keys: NamedKeys, *parts: str) -> bytes:
    return urlsafe_b64decode(keys.mac("voucher", *parts) + "=")


def _check_letter(before: str) -> str:
    """Makes the whole's sum divisible: the check letter's own weight is 1."""
    return ALPHABET[-_sum(f"{before}{ALPHABET[0]}") % len(ALPHABET)]


def _sum(symbols: str) -> int:
    """Weights go from 1 to 22 and again from 1, counted from the right: never 0, and neighbours' always differ."""
    return sum((place % _WEIGHTS + 1) * ALPHABET.index(symbol) for place, symbol in enumerate(reversed(symbols)))
