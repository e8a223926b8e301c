"""What is personal in a case: sealed under the buyer's own data key, so that erasing the member erases it too; under
the deployment's member key where there is no member (any more)."""

import secrets
from contextlib import suppress
from dataclasses import dataclass

from quanyi.errors import NotFound
from quanyi.ids import Draw
from quanyi.members.table import MembersTable
from quanyi.vault.kms import Keyring
from quanyi.vault.sealing import Tampered, seal, unseal


@dataclass(frozen=True)
class CaseSeal:
    members: MembersTable
    keyring: Keyring
    draw: Draw = secrets.token_bytes

    def close(self, text: str, member: str | None, bound_to: str) -> bytes:
        return seal(self._key(member), text, _bound(bound_to), self.draw)

    def mark(self, text: str, bound_to: str) -> str:
        """What a text is known again by; it says nothing without the deployment's key."""
        return self.keyring.mac("member", _bound(bound_to), text)[:22]

    def open(self, sealed: bytes | None, member: str | None, bound_to: str) -> str | None:
        """None: nothing was sealed, or its key is gone with the member."""
        if sealed is None:
            return None
        for whose in dict.fromkeys((member, None)):
            try:
                return unseal(self._key(whose), sealed, _bound(bound_to))
            except Tampered:
                continue
        return None

    def _key(self, member: str | None) -> bytes:
        if member:
            with suppress(NotFound):
                return self.members.data_key(member)
        return self.keyring.key("member")


def _bound(to: str) -> str:
    return f"case#{to}"
