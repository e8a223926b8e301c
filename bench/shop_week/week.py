"""The week itself: everybody's facts in the order in which the shop sees them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bench.shop_week import abusive, honest
from bench.shop_week.facts import Abuse, Actor, Fact, Placed, Trait
from bench.shop_week.life import Life
from bench.shop_week.parameters import Parameters
from bench.shop_week.shop import END


@dataclass(frozen=True)
class Week:
    """`facts` are sorted by time. Every fact is labelled by its actor."""

    actors: tuple[Actor, ...]
    facts: tuple[Fact, ...]

    def orders(self) -> Counter[str]:
        """How many orders each trait and each abuse placed."""
        return Counter(fact.actor.trait for fact in self.facts if isinstance(fact, Placed))


def week(seed: int, parameters: Parameters) -> Week:
    """The same for the same seed and parameters, on every machine."""
    lives: list[Life] = []
    for trait, count in honest.numbers(parameters).items():
        actors = [Actor(f"{trait}-{number}", trait, None) for number in range(count)]
        lives += [_lived(seed, actor, parameters, honest.LIVES[trait]) for actor in actors]
    for abuse, count in abusive.numbers(parameters).items():
        actors = [Actor(f"{abuse}-{number}", abuse, abuse) for number in range(count)]
        lives += [_lived(seed, actor, parameters, abusive.LIVES[abuse]) for actor in actors]
    facts = [fact for life in lives for fact in _begun_in_time(life)]
    # Sorting is stable: of facts at the same moment, an order's own stay as they were lived.
    return Week(tuple(life.actor for life in lives), tuple(sorted(facts, key=lambda fact: fact.at)))


def _lived(seed: int, actor: Actor, parameters: Parameters, live: Callable[[Life], None]) -> Life:
    life = Life(actor, Random(f"{seed}/{actor.id}"), parameters)
    live(life)
    return life


def _begun_in_time(life: Life) -> list[Fact]:
    """Without the orders, and all that follows from them, that a long life places after the week's end."""
    late = {fact.order for fact in life.facts if isinstance(fact, Placed) and fact.at >= END}
    return [fact for fact in life.facts if fact.order not in late]


KINDS: tuple[Trait | Abuse, ...] = (*honest.LIVES, *abusive.LIVES)
