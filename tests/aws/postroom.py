"""A market whose orders stream, bus, mail queue and mail function are wired up as the template wires them."""

import json
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from notify import mail
from quanyi.mail.outbox import Outbox
from quanyi.orders.model import Order
from stream import orders
from tests.aws.conftest import BUS, REGION, Cloud, LambdaContext, resources
from tests.aws.market import Market
from tests.aws.streams import records_of

ADDRESS = "buyer@example.com"


class PostRoom(Market):
    """`deliver_mail` does what the cloud does by itself; `sent` is what SES got."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        sqs, events = cloud.client("sqs"), cloud.client("events")
        self.queue = sqs.create_queue(QueueName="mail")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for rule in ("BuyerNews", "StaffNews"):
            pattern = resources()[rule]["Properties"]["EventPattern"]
            events.put_rule(Name=rule, EventBusName=BUS, EventPattern=json.dumps(pattern))
            events.put_targets(Rule=rule, EventBusName=BUS, Targets=[{"Id": "mail", "Arn": arn}])
        self.told = 0

    def stream(self) -> None:
        """Lets the orders stream catch up."""
        records = records_of(self.cloud, "OrdersTable")
        orders.handler({"Records": records[self.told :]}, LambdaContext())
        self.told = len(records)

    def waiting(self) -> dict[str, Any]:
        """What lies in the mail queue, as an event for the mail function; it is gone then."""
        sqs, found = self.cloud.client("sqs"), list[dict[str, Any]]()
        while got := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                found.append({"messageId": message["MessageId"], "body": message["Body"], "eventSource": "aws:sqs"})
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return {"Records": found}

    def deliver_mail(self) -> tuple[dict[str, Any], dict[str, Any]]:
        self.stream()
        event = self.waiting()
        return event, mail.handler(event, LambdaContext())

    def sold(self, **more: Any) -> Order:
        self.sku()
        self.stock("ik-month", 2)
        order = self.place(**more)
        self.pay(order)
        self.run()
        return order

    def sent(self) -> list[Any]:
        return ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages

    def mails(self, order: Order) -> list[tuple[str, str, str | None]]:
        found = Outbox(self.cloud.table("StatsTable")).of(order.id)
        return [(sent.kind, sent.state, sent.reason) for sent in found]
