"""Keys that KMS wraps. The encryption context carries the purpose, so IAM can allow a function exactly its own keys.

Two kinds:
- *named keys* (fingerprint, contact look-up, order tokens, ...): made once per deployment, wrapped, kept on an item of
  the catalog table; a function unwraps the ones it needs once per process.
- *data keys*: one per batch of cards, wrapped on the batch item; one per member.
"""

import threading
from dataclasses import dataclass, field
from typing import Any

from quanyi.table import ConditionFailed, Table
from quanyi.vault.fingerprint import fingerprint
from quanyi.vault.keys import Purpose


@dataclass(frozen=True)
class Kms:
    """Data keys under one KMS key. `client` is a boto3 KMS client."""

    key_id: str
    client: Any

    def new_data_key(self, context: dict[str, str]) -> tuple[bytes, bytes]:
        """A fresh 32-byte key: (plain, wrapped)."""
        answer = self.client.generate_data_key(KeyId=self.key_id, KeySpec="AES_256", EncryptionContext=context)
        return answer["Plaintext"], answer["CiphertextBlob"]

    def unwrap(self, wrapped: bytes, context: dict[str, str]) -> bytes:
        answer = self.client.decrypt(KeyId=self.key_id, CiphertextBlob=wrapped, EncryptionContext=context)
        return answer["Plaintext"]


@dataclass(frozen=True)
class Keyring:
    """The deployment's named keys; made on first need, then the same for ever."""

    table: Table
    kms: Kms
    _known: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def key(self, purpose: Purpose) -> bytes:
        """32 bytes. At most two calls (table, KMS) per process and purpose."""
        with self._lock:
            if purpose not in self._known:
                self._known[purpose] = self._load(purpose)
            return self._known[purpose]

    def mac(self, purpose: Purpose, *parts: str) -> str:
        """As `vault.keys.NamedKeys` says."""
        return fingerprint(self.key(purpose), *parts)

    def _load(self, purpose: Purpose) -> bytes:
        item_key = {"pk": "KEYRING", "sk": purpose}
        context = {"purpose": purpose}
        item = self.table.get(item_key)
        if item is None:
            plain, wrapped = self.kms.new_data_key(context)
            try:
                self.table.put({**item_key, "wrapped": wrapped, "v": 1}, condition="attribute_not_exists(pk)")
                return plain
            except ConditionFailed as other:  # another process made it first: theirs is the key
                item = other.item
        return self.kms.unwrap(item["wrapped"], context)
