"""Who is calling: what the authorizer found out about the credential, as the functions see it."""

from ipaddress import ip_address, ip_network
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from quanyi.errors import AddressNotAllowed, Forbidden, NotFound

KeyRole = Literal["storefront", "publishable", "operator", "support", "analyst", "counter", "supplier"]
Role = Literal[KeyRole, "order"]
KEY_ROLES: tuple[KeyRole, ...] = get_args(KeyRole)


class Caller(BaseModel):
    """One credential. `channel` is set for storefront and publishable keys, `order` for an order token, `stores` for
    a counter that redeems for certain stores only; `ips` are the networks that may use it, none meaning any.
    `shared_too` is the channel's allocation rule: it may sell from the shared stock when its own is used up."""

    model_config = ConfigDict(frozen=True)

    role: Role
    key_id: str = ""
    channel: str = ""
    order: str = ""
    ip: str = ""
    origins: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    shared_too: bool = True

    def to_context(self) -> dict[str, str]:
        """The authorizer's answer may carry flat strings only."""
        fields = {"role": self.role, "key_id": self.key_id, "channel": self.channel, "order": self.order}
        lists = {"origins": self.origins, "ips": self.ips, "stores": self.stores}
        flags = {"shared_too": "yes" if self.shared_too else "no"}
        return {**fields, **flags, **{name: " ".join(values) for name, values in lists.items()}}

    @classmethod
    def from_context(cls, context: dict[str, str], ip: str) -> "Caller":
        known = {name: context.get(name) or "" for name in ("key_id", "channel", "order")}
        lists = {name: tuple((context.get(name) or "").split()) for name in ("origins", "ips", "stores")}
        flags = {"shared_too": context.get("shared_too") != "no"}
        return cls.model_validate({**known, **lists, **flags, "role": context.get("role"), "ip": ip})

    @property
    def name(self) -> str:
        """For the audit trail: role and key, never the key itself."""
        return f"{self.role}:{self.key_id or self.order}"

    def must_be_at_home(self) -> None:
        """Raises AddressNotAllowed where the key has an allow-list and the call comes from elsewhere."""
        if not self.ips:
            return
        try:
            address = ip_address(self.ip)
        except ValueError:
            raise AddressNotAllowed from None
        # A v4 address can arrive in its v6 form.
        address = getattr(address, "ipv4_mapped", None) or address
        if not any(address in ip_network(network) for network in self.ips):
            raise AddressNotAllowed

    def needs(self, *roles: Role) -> None:
        """Second line of defence behind the gateway's policy. Raises Forbidden."""
        if self.role not in roles:
            raise Forbidden("This key's role may not do that.")

    def must_see(self, order: str, channel: str) -> None:
        """An order is seen by its own token, its channel's storefront key, and the shop's people; else NotFound."""
        mine = self.order == order if self.role == "order" else self.channel == channel
        if self.role not in ("operator", "support") and not mine:
            raise NotFound("order")
