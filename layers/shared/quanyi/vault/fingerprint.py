"""A card's id is its keyed fingerprint: the same secret always lands on the same item, and the id tells nothing.

The key never rotates: it *is* the identity of every card. A compromise is a migration.
"""

import hmac
import re
import unicodedata
from base64 import urlsafe_b64encode

_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u00ad\u200b-\u200f\ufeff]+")


def normalise(number: str) -> str:
    """A number or code as a person may type it, without width variants, blanks and hyphens; case is kept, since some
    issuers' codes differ by case alone."""
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", number))
    # Taking a blank out can bring a letter and a combining mark together, which are one letter then.
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", plain))


def normalise_link(link: str) -> str:
    """Links are compared as they are, but for blanks around them."""
    return link.strip()


def fingerprint(key: bytes, *parts: str) -> str:
    """43 URL-safe characters: HMAC-SHA256 over the parts (issuer, normalised number, ...), unambiguously joined."""
    message = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
    return urlsafe_b64encode(hmac.digest(key, message, "sha256")).decode().rstrip("=")
