"""How many there are of each kind and how they behave: everything that a week is drawn from, beside its seed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Parameters:
    """Shares and rates are 0..1. Counts of actors are exact, their sizes are means."""

    # Everybody.
    plain_buyers: int = 3000
    pays: float = 0.82
    """Of the orders; the others run out of time."""
    declined: float = 0.05
    """Of the attempts to pay."""
    unseen_refunds: float = 0.004
    """Of the paid orders: money asked back before the key was looked at."""
    bad_keys: float = 0.003
    """Of the looked-at orders: the key does not work, and its buyer asks for a refund."""
    complaints: float = 0.001
    """Of the paid orders."""
    another_order: float = 0.2
    """After each order of the week, that the buyer comes again."""
    guests: float = 0.45
    """Buyers without a member account."""
    no_device: float = 0.15
    """Buyers whose browser gives no device id."""
    mobile: float = 0.6
    """Buyers behind a mobile carrier's gateway, which thousands share."""
    gateways: int = 60
    travellers: float = 0.03
    """Of the vouchers: redeemed in a region they were not made for, honestly."""
    # Honest lives that look like abuse.
    offices: int = 12
    office_buyers: int = 15
    families: int = 60
    corporates: int = 12
    corporate_units: int = 40
    bargain_hunters: int = 250
    declined_twice: int = 60
    gift_givers: int = 40
    gift_units: int = 8
    bad_key_buyers: int = 25
    bad_batch_buyers: int = 30
    """Buyers of one bad batch: all ask for refunds of keys they looked at, on the same day."""
    undecided: int = 60
    """Place an order or two that they let run out, then pay one."""
    regulars: int = 60
    """Buy small cards several times a day, every day."""
    agents: int = 12
    agent_orders: int = 30
    # Abuse.
    hoarders: int = 8
    hoarder_accounts: int = 24
    hoarder_devices: int = 2
    hoarder_networks: int = 2
    hoarder_rounds: int = 10
    """How often each account takes units again after it let them run out."""
    hoarder_units: int = 3
    hoarder_pays: float = 0.1
    hoarder_pause: float = 1.5
    """Minutes between two orders of one hoarder."""
    testers: int = 8
    tester_cards: int = 60
    """Stolen cards to try, one an order."""
    tester_declines: float = 0.85
    tester_devices: int = 2
    tester_networks: int = 2
    tester_pause: float = 3.0
    """Minutes between two cards."""
    refunders: int = 10
    refunder_accounts: int = 3
    refunder_orders: int = 10
    refunder_asks: float = 0.8
    """Of their orders, after they looked at the key."""
    refunder_payers: int = 1
    refunder_complains: float = 0.15
    diverters: int = 6
    diverter_orders: int = 6
    diverter_units: int = 20
    diverter_redeemers: int = 2
    diverter_foreign: float = 0.8
    """Of the vouchers: redeemed in another region than their own."""
    diverter_below_floor: float = 0.6
    """Of the orders: sold below the floor price."""


def shifted(of: Parameters) -> Mapping[str, Parameters]:
    """The same world, otherwise than it was when rules were tuned."""
    return {
        "other rates": replace(
            of,
            plain_buyers=of.plain_buyers * 3 // 2,
            pays=of.pays * 0.9,
            declined=min(1.0, of.declined * 2),
            unseen_refunds=min(1.0, of.unseen_refunds * 2),
            bad_keys=min(1.0, of.bad_keys * 2),
            another_order=min(0.9, of.another_order * 1.5),
            gateways=max(1, of.gateways // 2),
            travellers=min(1.0, of.travellers * 2),
            office_buyers=of.office_buyers * 2,
            corporate_units=of.corporate_units * 2,
        ),
        "careful abusers": replace(
            of,
            hoarder_accounts=max(1, of.hoarder_accounts // 2),
            hoarder_rounds=max(1, of.hoarder_rounds // 2),
            hoarder_units=max(1, of.hoarder_units // 2),
            hoarder_pays=min(1.0, of.hoarder_pays * 3),
            tester_cards=max(1, of.tester_cards // 3),
            tester_declines=of.tester_declines * 0.8,
            refunder_orders=max(1, of.refunder_orders * 6 // 10),
            refunder_asks=of.refunder_asks * 0.7,
            diverter_units=max(1, of.diverter_units // 2),
            diverter_foreign=of.diverter_foreign * 0.6,
            diverter_below_floor=of.diverter_below_floor * 0.5,
        ),
        "slower abusers": replace(
            of,
            hoarder_pause=of.hoarder_pause * 5,
            tester_pause=of.tester_pause * 8,
            refunder_orders=max(1, of.refunder_orders // 2),
            diverter_orders=max(1, of.diverter_orders // 2),
        ),
        "more devices": replace(
            of,
            hoarder_devices=of.hoarder_devices * 5,
            hoarder_networks=of.hoarder_networks * 3,
            tester_devices=of.tester_devices * 8,
            tester_networks=of.tester_networks * 3,
            refunder_accounts=of.refunder_accounts * 2,
            refunder_payers=of.refunder_payers * 3,
            diverter_redeemers=of.diverter_redeemers * 4,
        ),
    }
