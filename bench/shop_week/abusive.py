"""Those who abuse the shop. Each ring is one actor, however many accounts it uses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from bench.shop_week.facts import Abuse, Person
from bench.shop_week.life import Life, address, network
from bench.shop_week.parameters import Parameters
from bench.shop_week.shop import CARDS, GOODS, VOUCHERS, some_moment


def numbers(of: Parameters) -> dict[Abuse, int]:
    return {"hoarder": of.hoarders, "tester": of.testers, "refunder": of.refunders, "diverter": of.diverters}


def hoarder(life: Life) -> None:
    """Keeps what is scarce out of others' reach: accounts on few devices place order after order and hardly pay. What
    is paid comes from one purse."""
    chance, of = life.chance, life.parameters
    sku, at = chance.choice(("game-100", "game-500", "shop-card-200")), some_moment(chance, chance.randrange(5))
    purse, networks = life.payer(), [network(chance) for _ in range(of.hoarder_networks)]
    devices = [life.device() for _ in range(of.hoarder_devices)]
    # Phone numbers are dearer than mail addresses: two accounts share one.
    accounts: list[Person] = []
    for number in range(of.hoarder_accounts):
        face = replace(life.person(), device=chance.choice(devices), payer=purse)
        account = life.account(face)
        accounts.append(replace(account, phone=accounts[-1].phone) if number % 2 else account)
    for _ in range(of.hoarder_rounds):
        for account in accounts:
            face = replace(account, ip=address(chance, chance.choice(networks)))
            placed = life.place(at, face, sku, chance.randint(1, 2 * of.hoarder_units - 1))
            if chance.random() < of.hoarder_pays:
                paid = at + life.after(minutes=3)
                life.pays(placed, paid)
                life.looks(placed, paid + life.after(hours=1))
            else:
                life.expires(placed)
            at += life.after(minutes=of.hoarder_pause)


def tester(life: Life) -> None:
    """Tries stolen card numbers on small orders, each with new contacts; what goes through is looked at and sold on."""
    chance, of = life.chance, life.parameters
    at, networks = some_moment(chance), [network(chance) for _ in range(of.tester_networks)]
    devices = [life.device() for _ in range(of.tester_devices)]
    homes = [address(chance, net) for net in networks for _ in range(2)]
    for _ in range(of.tester_cards):
        account = life.account(replace(life.person(), payer=life.payer(), device=chance.choice(devices)))
        # Most are guests.
        member = account.member if chance.random() < 0.2 else None
        face = replace(account, member=member, phone=None, ip=chance.choice(homes))
        placed = life.place(at, face, chance.choice(("phone-1", "music-month", "music-month", "game-30")))
        tried = at
        for _ in range(chance.choice((1, 1, 2, 3))):
            tried += life.after(seconds=25)
            if chance.random() >= of.tester_declines:
                life.pays(placed, tried)
                life.looks(placed, tried + life.after(minutes=2))
                # The card's holder finds out.
                if chance.random() < 0.3:
                    life.complains(placed, tried + timedelta(days=1) + life.after(hours=48))
                break
            life.fails(placed, tried, life.payer())
        else:
            life.expires(placed)
        at += life.after(minutes=of.tester_pause)


def refunder(life: Life) -> None:
    """Looks at a good key, says it is bad, and does so again: under several names, paid from the same account."""
    chance, of = life.chance, life.parameters
    first = replace(life.person(), device=life.device())
    payers = [first.payer, *(life.payer() for _ in range(of.refunder_payers - 1))]
    faces = [first, *(life.account(first) for _ in range(of.refunder_accounts - 1))]
    moments = sorted(some_moment(chance) for _ in range(of.refunder_orders))
    for at in moments:
        face = replace(chance.choice(faces), payer=chance.choice(payers))
        if chance.random() < 0.4:
            face = replace(face, ip=life.gateway())
        placed = life.place(at, face, chance.choice(CARDS[1:6]))
        paid = at + life.after(minutes=2)
        life.pays(placed, paid)
        looked = paid + life.after(minutes=5)
        life.looks(placed, looked)
        if chance.random() < of.refunder_asks:
            asked = looked + life.after(hours=1)
            life.asks_back(placed, asked, deserved=False)
            if chance.random() < of.refunder_complains:
                life.complains(placed, asked + life.after(hours=12))


def diverter(life: Life) -> None:
    """An agent that sells its region's vouchers out of it, cheaply, to a few who redeem them by the dozen. Some go to
    its own clients, as they should."""
    chance, of = life.chance, life.parameters
    me, agent = life.person(home=address(chance)), life.agent()
    region = chance.choice(VOUCHERS).rpartition("-")[2]
    skus = [sku for sku in VOUCHERS if GOODS[sku].region == region]
    redeemers = [life.member() for _ in range(of.diverter_redeemers)]
    for _ in range(of.diverter_orders):
        sku = chance.choice(skus)
        goods = GOODS[sku]
        assert goods.floor is not None, sku
        below = chance.random() < of.diverter_below_floor
        price = round(goods.floor * chance.uniform(0.8, 0.97)) if below else chance.randint(goods.floor, goods.price)
        units = chance.randint(max(1, of.diverter_units // 2), of.diverter_units * 3 // 2)
        placed = life.place(some_moment(chance), me, sku, units, price=price, agent=agent)
        paid = placed.at + life.after(minutes=3)
        life.pays(placed, paid)
        life.looks(placed, paid + life.after(minutes=10))
        for unit in range(units):
            if chance.random() < 0.75:
                # They come to the counter with a stack.
                when, by = paid + timedelta(days=1 + unit // 8) + life.after(hours=3), chance.choice(redeemers)
            else:
                when, by = paid + life.after(hours=40), life.member()
            life.redeems(placed, unit, when, by, foreign=chance.random() < of.diverter_foreign)


LIVES: dict[Abuse, Callable[[Life], None]] = {
    "hoarder": hoarder,
    "tester": tester,
    "refunder": refunder,
    "diverter": diverter,
}
