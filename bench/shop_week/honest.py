"""Honest lives: the plain ones, and those that a careless rule would take for abuse."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bench.shop_week.facts import Person, Placed, Trait
from bench.shop_week.life import Life, address
from bench.shop_week.parameters import Parameters
from bench.shop_week.shop import (
    CARDS,
    DAYS,
    FLASH_PRICE,
    FLASH_SKU,
    GOODS,
    HOLD,
    VOUCHERS,
    flash_sale,
    some_goods,
    some_moment,
)


def numbers(of: Parameters) -> dict[Trait, int]:
    """How many actors lead each life."""
    return {
        "plain": of.plain_buyers,
        "office": of.offices,
        "family": of.families,
        "corporate": of.corporates,
        "bargain": of.bargain_hunters,
        "declined": of.declined_twice,
        "gift": of.gift_givers,
        "bad_key": of.bad_key_buyers,
        "bad_batch": of.bad_batch_buyers,
        "undecided": of.undecided,
        "regular": of.regulars,
        "agent": of.agents,
    }


def plain(life: Life) -> None:
    _comes(life, life.person())


def office(life: Life) -> None:
    """Colleagues, each with an own phone, behind one address; they tell each other what is cheap."""
    home, noon = address(life.chance), some_moment(life.chance)
    for _ in range(_about(life, life.parameters.office_buyers)):
        together = life.chance.random() < 0.4
        _comes(life, life.person(home=home), noon + life.after(minutes=10) if together else None)


def family(life: Life) -> None:
    """Two to four with accounts of their own on the one tablet; mostly one of them pays."""
    first = replace(life.person(), device=life.device())
    for number in range(life.chance.randint(2, 4)):
        person = first if number == 0 else life.account(first)
        if life.chance.random() < 0.3:
            person = replace(person, payer=life.payer())
        _comes(life, person)


def corporate(life: Life) -> None:
    """Buys many for its staff. Its bank transfer is slow: an order may run out before the money comes."""
    person = replace(life.person(home=address(life.chance)), member=life.member())
    for _ in range(life.chance.randint(1, 3)):
        sku = life.chance.choice([*VOUCHERS, "shop-card-200", "video-month"])
        units, at = _about(life, life.parameters.corporate_units), some_moment(life.chance, life.chance.randrange(5))
        if life.chance.random() < 0.3:
            late = life.place(at, person, sku, units)
            life.expires(late)
            at = late.at + HOLD + life.after(hours=1)
        placed = life.place(at, person, sku, units)
        if paid := life.buys(placed, pays=True):
            life.enjoys(placed, paid, by=[life.member() for _ in range(units)])


def bargain(life: Life) -> None:
    """Waits for the flash sale: one to three orders in minutes, some of them for friends, some given up."""
    person = life.person()
    at = flash_sale() + life.after(minutes=2)
    for _ in range(life.chance.choices((1, 2, 3), (70, 22, 8))[0]):
        placed = life.place(at, person, FLASH_SKU, life.chance.choice((1, 1, 1, 2)), price=FLASH_PRICE)
        if paid := life.buys(placed):
            life.enjoys(placed, paid)
        at = placed.at + life.after(minutes=2)


def declined(life: Life) -> None:
    """Declined twice or three times (the limit, a wrong number), then pays: with the same card or another."""
    placed = life.place(some_moment(life.chance), life.person(), some_goods(life.chance))
    if paid := life.buys(placed, declines=life.chance.choice((2, 2, 3)), pays=True):
        life.enjoys(placed, paid)


def gift(life: Life) -> None:
    """Vouchers for all the guests, who use them on one evening or when they like."""
    person, sku = life.person(), life.chance.choice(VOUCHERS)
    units = _about(life, life.parameters.gift_units)
    placed = life.place(some_moment(life.chance), person, sku, units)
    if paid := life.buys(placed, pays=True):
        life.enjoys(placed, paid, by=[life.member() for _ in range(units)])


def bad_key(life: Life) -> None:
    """Looked, the key did not work, wants the money back, and buys again; seldom the next is bad too."""
    person, at = life.person(), some_moment(life.chance)
    for again in (0.6, 0.15, 0.0):
        placed = life.place(at, person, life.chance.choice(CARDS))
        paid = life.buys(placed, pays=True)
        assert paid
        looked = paid + life.after(minutes=15)
        life.looks(placed, looked)
        asked = looked + life.after(minutes=30)
        life.asks_back(placed, asked, deserved=True)
        at = asked + life.after(hours=2)
        if life.chance.random() >= again:
            break
    placed = life.place(at, person, life.chance.choice(CARDS))
    if paid := life.buys(placed):
        life.enjoys(placed, paid)


def bad_batch(life: Life) -> None:
    """One of the many who got keys of the week's bad batch, on its Tuesday."""
    person = life.person()
    placed = life.place(some_moment(life.chance, 1), person, "game-30", life.chance.choice((1, 1, 2)))
    if paid := life.buys(placed, pays=True):
        looked = paid + life.after(minutes=20)
        life.looks(placed, looked)
        life.asks_back(placed, looked + life.after(hours=1), deserved=True)


def undecided(life: Life) -> None:
    """Lets an order or two run out (another size, a coupon forgotten), then pays one."""
    person, at, sku = life.person(), some_moment(life.chance), some_goods(life.chance)
    for _ in range(life.chance.choice((1, 2, 2, 3))):
        life.expires(life.place(at, person, sku))
        at += life.after(minutes=12)
    placed = life.place(at, person, sku)
    if paid := life.buys(placed, pays=True):
        life.enjoys(placed, paid)


def regular(life: Life) -> None:
    """A gamer who buys small cards whenever the game asks for them."""
    person = replace(life.person(), member=life.member())
    for day in range(DAYS):
        for _ in range(life.chance.randint(0, 4)):
            placed = life.place(some_moment(life.chance, day), person, life.chance.choice(("game-30", "phone-1")))
            if paid := life.buys(placed):
                life.enjoys(placed, paid)


def agent(life: Life) -> None:
    """Sells for the shop, in one region and not below the floor: single orders of its own clients (its server hands no
    address and no device on), and now and then a pack that it sells by the piece."""
    me, name = life.person(home=address(life.chance)), life.agent()
    region = life.chance.choice(VOUCHERS).rpartition("-")[2]
    skus = [sku for sku in VOUCHERS if GOODS[sku].region == region]
    for _ in range(_about(life, life.parameters.agent_orders)):
        sku = life.chance.choice(skus)
        client = replace(life.person(), ip=None, device=None)
        _resold(life, life.place(some_moment(life.chance), client, sku, price=_fair(life, sku), agent=name))
    for _ in range(life.chance.randint(0, 3)):
        sku, units = life.chance.choice(skus), life.chance.randint(5, 20)
        _resold(life, life.place(some_moment(life.chance), me, sku, units, price=_fair(life, sku), agent=name))


LIVES: dict[Trait, Callable[[Life], None]] = {
    "plain": plain,
    "office": office,
    "family": family,
    "corporate": corporate,
    "bargain": bargain,
    "declined": declined,
    "gift": gift,
    "bad_key": bad_key,
    "bad_batch": bad_batch,
    "undecided": undecided,
    "regular": regular,
    "agent": agent,
}


def _comes(life: Life, person: Person, at: datetime | None = None) -> None:
    """Orders once, and perhaps again, on another day or soon after."""
    at = at or some_moment(life.chance)
    while True:
        placed = life.place(at, person, some_goods(life.chance), life.chance.choices((1, 2, 3, 5), (88, 8, 3, 1))[0])
        if paid := life.buys(placed):
            life.enjoys(placed, paid)
        if life.chance.random() >= life.parameters.another_order:
            return
        soon = placed.at + life.after(hours=1)
        at = soon if life.chance.random() < 0.5 else max(soon, some_moment(life.chance))


def _resold(life: Life, placed: Placed) -> None:
    if paid := life.buys(placed):
        life.enjoys(placed, paid, by=[life.member() for _ in range(placed.units)])


def _fair(life: Life, sku: str) -> int:
    """An agent's price: between the floor and the shop's own."""
    goods = GOODS[sku]
    assert goods.floor is not None, sku
    return life.chance.randint(goods.floor, goods.price)


def _about(life: Life, mean: int) -> int:
    """A number of that mean, at least one."""
    return max(1, round(mean * life.chance.uniform(0.5, 1.5)))
