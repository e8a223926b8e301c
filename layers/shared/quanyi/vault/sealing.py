"""AES-256-GCM with a fresh nonce; the associated data binds a ciphertext to its own item, so it can't be moved."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from quanyi.ids import Draw

NONCE = 12


class Tampered(Exception):
    """A ciphertext that this key did not make for this item."""


def seal(key: bytes, text: str, bound_to: str, draw: Draw = secrets.token_bytes) -> bytes:
    """nonce (12 bytes) + ciphertext + tag (16 bytes). A key seals at most 10,000 cards: random nonces are safe."""
    nonce = draw(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, text.encode(), bound_to.encode())


def unseal(key: bytes, sealed: bytes, bound_to: str) -> str:
    """Raises Tampered."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound_to.encode()).decode()
    except InvalidTag:
        raise Tampered from None
