"""The deployment's named keys, as rules see them; `vault.kms.Keyring` has them from KMS."""

from typing import Literal, Protocol

Purpose = Literal["fingerprint", "contact", "order-token", "member", "sandbox", "voucher", "staff"]


class NamedKeys(Protocol):
    """One key a purpose; which purposes a function may open is a matter of its role."""

    def key(self, purpose: Purpose) -> bytes:
        """32 bytes, the same for ever."""
        ...

    def mac(self, purpose: Purpose, *parts: str) -> str:
        """HMAC-SHA256 over the parts, unambiguously joined, under that key: 43 URL-safe characters."""
        ...
