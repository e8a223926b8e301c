"""What the built-in risk rules make of labelled weeks: of those that they were tuned on, of weeks that nobody has
looked at, and of worlds that are otherwise than the one they were tuned in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.report import Figure, table
from bench.risk_replay import Judged, Lived, lived
from bench.shop_week import abusive, honest
from bench.shop_week.facts import Abuse, Actor, Expired, Fact, Paid, PaymentFailed, Placed, Redeemed, RefundAsked, Trait
from bench.shop_week.parameters import Parameters, shifted
from bench.shop_week.shop import GOODS, STORES
from bench.shop_week.week import Week, week
from quanyi.risk.facts import POINTS, Point

WORLD = Parameters(plain_buyers=600, regulars=30, gateways=12)
"""Smaller than a usual week, in as crowded networks: the abusers are all there."""
DEVELOPMENT = (1, 2)
"""The seeds that rules may be tuned on."""
UNSEEN = (101, 102)
SHIFTED = 201
MOST = 0.005
"""Of the honest orders, that may be held or refused anywhere on their way."""

HARM: Mapping[Abuse, str] = {
    "hoarder": "units held until they ran out unpaid",
    "tester": "cards tried",
    "refunder": "money back for good keys",
    "diverter": "vouchers used abroad",
}


@dataclass(frozen=True)
class Caught:
    """Of one kind of abuse: how many actors, how many of them were stopped at all, and how much of the harm that they
    were out for was done: `before` each was stopped first, and in the whole."""

    actors: int
    stopped: int
    meant: int
    before: int
    done: int

    def __str__(self) -> str:
        early, all_ = (f"{part / self.meant:.0%}" if self.meant else "-" for part in (self.before, self.done))
        return f"{self.stopped}/{self.actors}, {early}, {all_}"


@dataclass(frozen=True)
class Disturbed:
    """How many of how many honest orders (or decisions) were held or refused."""

    held: int
    of: int

    @property
    def share(self) -> float:
        return self.held / self.of if self.of else 0.0

    def __str__(self) -> str:
        return f"{self.held}/{self.of:,} ({self.share:.2%})" if self.held else f"0/{self.of:,}"


@dataclass(frozen=True)
class Score:
    caught: Mapping[Abuse, Caught]
    disturbed: Mapping[Trait, Disturbed]
    """By honest life: orders that were held or refused anywhere on their way."""
    at: Mapping[Point, Disturbed]
    """By point: decisions about honest people."""
    rules: Counter[str]
    """Rules that applied where honest people were held or refused."""

    @property
    def orders(self) -> Disturbed:
        parts = self.disturbed.values()
        return Disturbed(sum(part.held for part in parts), sum(part.of for part in parts))

    @property
    def recall(self) -> float:
        return sum(one.stopped for one in self.caught.values()) / sum(one.actors for one in self.caught.values())


def measure() -> Figure:
    worlds = {
        "development": [scored(seed, WORLD) for seed in DEVELOPMENT],
        "unseen seeds": [scored(seed, WORLD) for seed in UNSEEN],
        **{name: [scored(SHIFTED, world)] for name, world in shifted(WORLD).items()},
    }
    scores = {name: together(parts) for name, parts in worlds.items()}
    unseen = scores["unseen seeds"]
    others = {name: score for name, score in scores.items() if name not in ("development", "unseen seeds")}
    most = max((score.orders.share, name) for name, score in others.items())
    least = min((score.recall, name) for name, score in others.items())
    return Figure(
        name="risk",
        title="Labelled weeks with the default rules: abusers stopped, honest orders held, on unseen seeds",
        aim=f"honest orders held ≤ {MOST:.1%}; recall as high as that allows",
        seen=(
            f"{unseen.recall:.0%} stopped, {unseen.orders.share:.2%} held; "
            f"in shifted worlds at least {least[0]:.0%} ({least[1]}), at most {most[0]:.2%} ({most[1]})"
        ),
        reached=unseen.orders.share <= MOST and most[0] <= MOST,
        how=(
            "A generator (`bench/shop_week`, committed before any rule was tuned) draws weeks of a shop, with the "
            "truth about everybody. Each week is lived through by the shop's own risk control: the rules, windows, "
            "hold caps and reviews that ship, over a table in memory, from the orders' own changes. What an abuser was "
            "refused does not happen; a person decides what is held, and is taken to be right. The rules were tuned on "
            f"seeds {', '.join(map(str, DEVELOPMENT))} only; seeds {', '.join(map(str, UNSEEN))} and the shifted "
            f"worlds (seed {SHIFTED}) were only looked at. An honest order counts as held when it was held or refused "
            "anywhere: as it was placed, before its delivery, at a refund or at a redemption of one of its vouchers."
        ),
        body=_body(scores),
    )


def scored(seed: int, world: Parameters) -> Score:
    """One week."""
    seen = week(seed, world)
    return score_of(seen, lived(seen))


def score_of(seen: Week, came: Lived) -> Score:
    stops = [each for each in came.judged if each.said != "approve"]
    return Score(
        {kind: _caught(kind, seen, came, stops) for kind in abusive.LIVES},
        _disturbed(seen, stops),
        {point: _at(point, came.judged) for point in POINTS},
        Counter(rule for each in stops if not each.fact.actor.abuse for rule in each.rules or (each.said,)),
    )


def together(scores: Sequence[Score]) -> Score:
    """Several weeks as one."""
    return Score(
        {kind: _sum_caught([score.caught[kind] for score in scores]) for kind in scores[0].caught},
        {trait: _sum([score.disturbed[trait] for score in scores]) for trait in scores[0].disturbed},
        {point: _sum([score.at[point] for score in scores]) for point in POINTS},
        sum((score.rules for score in scores), Counter[str]()),
    )


def _caught(kind: Abuse, seen: Week, came: Lived, stops: Sequence[Judged]) -> Caught:
    sold = {fact.order: fact for fact in seen.facts if isinstance(fact, Placed)}
    actors = {actor for actor in seen.actors if actor.abuse == kind}
    first: dict[Actor, Fact] = {}
    for each in stops:
        if each.fact.actor in actors:
            first.setdefault(each.fact.actor, each.fact)
    done = [fact for fact in came.happened if fact.actor in actors]
    before = [fact for fact in done if fact.actor not in first or fact.at < first[fact.actor].at]
    meant = [fact for fact in seen.facts if fact.actor in actors]
    return Caught(len(actors), len(first), *(sum(harm(fact, sold) for fact in part) for part in (meant, before, done)))


def harm(fact: Fact, sold: Mapping[str, Placed]) -> int:
    """What an abuser's fact costs the shop, as `HARM` counts it."""
    placed = sold[fact.order]
    match fact.actor.abuse:
        case "hoarder":
            return placed.units if isinstance(fact, Expired) else 0
        case "tester":
            return int(isinstance(fact, PaymentFailed | Paid))
        case "refunder":
            return fact.units * placed.unit_price if isinstance(fact, RefundAsked) else 0
        case "diverter":
            return int(isinstance(fact, Redeemed) and STORES[fact.store] != GOODS[placed.sku].region)
        case None:
            return 0


def _disturbed(seen: Week, stops: Sequence[Judged]) -> dict[Trait, Disturbed]:
    held = {each.fact.order: each.fact.actor.trait for each in stops if not each.fact.actor.abuse}
    by_trait, orders = Counter(held.values()), seen.orders()
    return {trait: Disturbed(by_trait[trait], orders[trait]) for trait in honest.LIVES}


def _at(point: Point, judged: Sequence[Judged]) -> Disturbed:
    said = [each.said for each in judged if each.point == point and not each.fact.actor.abuse]
    return Disturbed(len(said) - said.count("approve"), len(said))


def _sum(parts: Sequence[Disturbed]) -> Disturbed:
    return Disturbed(sum(part.held for part in parts), sum(part.of for part in parts))


def _sum_caught(parts: Sequence[Caught]) -> Caught:
    rows = [(part.actors, part.stopped, part.meant, part.before, part.done) for part in parts]
    return Caught(*map(sum, zip(*rows, strict=True)))


_ABUSERS = """Abusers: how many were stopped of all; how much harm was done before each was stopped first, and in the
whole week, in shares of what they were out for."""
_HONEST = """Honest orders that were held or refused anywhere, by the life that their buyer leads; then the decisions
about honest people by point."""


def _body(scores: Mapping[str, Score]) -> str:
    names = list(scores)
    some = next(iter(scores.values()))
    caught = [[kind, HARM[kind], *(str(score.caught[kind]) for score in scores.values())] for kind in some.caught]
    lives = [[trait, *(str(score.disturbed[trait]) for score in scores.values())] for trait in some.disturbed]
    lives.append(["**all honest orders**", *(f"**{score.orders}**" for score in scores.values())])
    points = [[f"decisions at {point}", *(str(score.at[point]) for score in scores.values())] for point in POINTS]
    wrong = [f"{name}: {_rules(score)}" for name, score in scores.items() if score.rules]
    return "\n\n".join(
        [
            _ABUSERS,
            table(["kind", "harm", *names], caught),
            _HONEST,
            table(["honest", *names], [*lives, *points]),
            f"Rules that hit honest people: {'; '.join(wrong) or 'none'}.",
        ]
    )


def _rules(score: Score) -> str:
    return ", ".join(f"`{rule}` × {count}" for rule, count in score.rules.most_common(5))
