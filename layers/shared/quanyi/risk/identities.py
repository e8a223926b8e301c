"""Who and what an order can be recognised by: the buyer's member, e-mail, phone, address, network, device and payment
account, and the shop's own channel, agent and SKU.

What belongs to a person leaves the request as a keyed hash only, cut to 132 bits: enough to tell everybody apart, and
nothing without the key. Channels, agents and SKUs are the merchant's own names and stay as they are.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, ip_address, ip_network

from quanyi.orders.model import Order
from quanyi.risk.facts import IDENTITIES, Bucket, Identity
from quanyi.vault.keys import NamedKeys

HASH = 22
"""Characters of a keyed hash."""


def traced(keyring: NamedKeys, kind: Identity, value: str) -> str:
    """The keyed hash under which a person's device, address or account is known here."""
    return keyring.mac("contact", "risk", kind, value)[:HASH]


def traces(keyring: NamedKeys, *, device: str, ip: str) -> dict[str, str]:
    """What an order keeps of where it came from; an address that cannot be read is none."""
    found: dict[str, str] = {}
    if device:
        found["device"] = traced(keyring, "device", device)
    if told := address(ip):
        found["ip"] = traced(keyring, "ip", told)
        found["net"] = traced(keyring, "net", _net(told))
    return found


def address(text: str) -> str:
    """In its one form, an IPv4 address may arrive in its IPv6 form; empty where it cannot be read."""
    try:
        found = ip_address(text)
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)


def address_of(net: str) -> str:
    """An address within a network as it is typed, or the one that is typed itself. Empty where the network is of
    another size than those that are counted: it would be listed in part only."""
    ip, slash, _ = net.partition("/")
    found = address(ip)
    return found if found and (not slash or net.strip() == f"{ip}/{_bits(found)}") else ""


def _net(ip: str) -> str:
    """What one household or office has: a /24, or a /48 of IPv6."""
    return str(ip_network(f"{ip}/{_bits(ip)}", strict=False))


def _bits(ip: str) -> int:
    return 24 if isinstance(ip_address(ip), IPv4Address) else 48


def persons_of(order: Order) -> dict[Identity, str]:
    """Of the buyer, each kind at most once. The payment account is the one that paid last."""
    known: Mapping[str, str | None] = {
        "member": order.member,
        "email": order.email and order.email[:HASH],
        "phone": order.phone and order.phone[:HASH],
        "payer": next((p.paid_by for p in reversed(order.payments) if p.paid_by), None),
        **order.traces,
    }
    return {kind: value for kind in IDENTITIES if (value := known.get(kind))}


def buckets_of(order: Order) -> list[tuple[Bucket, str]]:
    """Where an order was sold, by whom and what: every SKU of it."""
    agent: list[tuple[Bucket, str]] = [("agent", order.agent)] if order.agent else []
    skus = dict.fromkeys(line.sku for line in order.lines)
    return [("channel", order.channel), *agent, *(("sku", sku) for sku in skus)]


def main_sku(order: Order) -> str:
    """The one with the most units."""
    return max(order.lines, key=lambda line: line.quantity).sku
