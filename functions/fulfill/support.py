"""What support does by hand: delivering a manual service."""

from collections.abc import Collection
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from fulfill.wiring import Works, works
from quanyi.callers import Caller
from quanyi.errors import Conflict
from quanyi.http import Body, CallerParam, View, entry, rest_api
from quanyi.orders.changes import delivered, settled
from quanyi.orders.holding import is_held
from quanyi.orders.model import Order, OrderState
from quanyi.secret import Secret
from quanyi.vault.sealing import seal

app = rest_api()


class ManualBody(Body):
    """`units` names the manual units that were served (all that wait, when left out); `text` is what the buyer is told
    or given: it is kept like a secret."""

    units: Annotated[tuple[str, ...], Field(max_length=1000)] = ()
    text: Secret


class ManualView(View):
    order: str
    state: OrderState
    delivered: list[str]


@app.post("/v1/orders/<order_id>/manual-delivery", summary="Deliver a manual service", tags=["support"])
def manual(
    order_id: Annotated[str, Path(pattern=r"^O[0-9A-Z]{20}$")], body: ManualBody, caller: CallerParam
) -> ManualView:
    order, units = deliver_by_hand(works(), caller, order_id, body)
    return ManualView(order=order.id, state=order.state, delivered=units)


def deliver_by_hand(works: Works, caller: Caller, order_id: str, body: ManualBody) -> tuple[Order, list[str]]:
    """Delivers manual units of a paid order. The same again changes nothing. Raises NotFound, Conflict."""
    caller.needs("support", "operator")
    order = works.orders.get(order_id)
    manual_units = [u.id for u in order.units if u.kind == "manual"]
    chosen = list(body.units) or [u for u in manual_units if order.unit(u).state == "waiting"] or manual_units
    key = works.members.data_key(order.member)
    token = order.wait_token
    order = works.orders.change(order, lambda it: _served(it, chosen, key, body.text, caller, works))
    # Settling takes the token off the order; the execution that waits under it must still be let go.
    if woken := order.wait_token or token:
        works.workflow.wake(woken)
    return order, chosen


def _served(order: Order, units: Collection[str], key: bytes, text: Secret, caller: Caller, works: Works) -> Order:
    known = {unit.id: unit for unit in order.units}
    wrong = [u for u in units if u not in known or known[u].kind != "manual" or known[u].state != "waiting"]
    if all(u in known and known[u].state == "delivered" for u in units) and units:
        return order
    if is_held(order, works.now()):
        raise Conflict("This order is held: a review, or its time, comes first.", state=order.state, reason="held")
    if wrong or not units or not order.paid_at:
        raise Conflict("Only manual units of a paid order that still wait can be delivered.", units=wrong)
    for unit in units:
        order = delivered(order, [unit], works.now(), seal(key, text.reveal(), unit, works.draw))
    return settled(order, works.now()).model_copy(update={"changed_by": caller.name})


handler = entry(app)
