"""What a stop and a start keep. `tools/local/ministack_shim.py` is there for this."""

from pathlib import Path
from typing import Any

from tools.local.cloud import Cloud
from tools.local.layout import Home


def stream_records(cloud: Cloud) -> list[str]:
    """The keys of all records that the one stream still holds, oldest first."""
    streams: Any = cloud.session.client("dynamodbstreams", endpoint_url=cloud.endpoint)
    arn = streams.list_streams()["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    return [record["dynamodb"]["Keys"]["id"]["S"] for record in records]


def test_items_and_unread_stream_records_outlive_a_restart(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with Cloud(home) as cloud:
        tables = cloud.session.client("dynamodb", endpoint_url=cloud.endpoint)
        tables.create_table(
            TableName="things",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        tables.put_item(TableName="things", Item={"id": {"S": "before"}})
    with Cloud(home) as cloud:
        tables = cloud.session.client("dynamodb", endpoint_url=cloud.endpoint)
        tables.put_item(TableName="things", Item={"id": {"S": "after"}})
        assert tables.scan(TableName="things")["Count"] == 2
        assert stream_records(cloud) == ["before", "after"]


def test_queues_outlive_a_restart_on_another_port(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with Cloud(home) as cloud:
        first = cloud.endpoint
        queues = cloud.session.client("sqs", endpoint_url=cloud.endpoint)
        url = queues.create_queue(QueueName="things")["QueueUrl"]
        queues.send_message(QueueUrl=url, MessageBody="before")
    with Cloud(home) as cloud:
        assert cloud.endpoint != first
        queues = cloud.session.client("sqs", endpoint_url=cloud.endpoint)
        assert queues.get_queue_url(QueueName="things")["QueueUrl"] == url
        assert queues.receive_message(QueueUrl=url).get("Messages", [])[0].get("Body") == "before"
