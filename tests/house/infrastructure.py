"""The house rules about what is deployed: size, logs, failures, times, tables, the import bucket, the sandbox."""

import json
import re
from typing import get_args

from quanyi.metrics import Metric
from tests.house.template import Node, functions, listed, refers, resources, text, walk

MOST_RESOURCES = 400
GATEWAY_SECONDS = 29
"""API Gateway gives up then; a function must have answered before."""


def too_many_resources(translated: Node) -> list[str]:
    count = len(translated["Resources"])
    return [f"{count} resources"] if count >= MOST_RESOURCES else []


def without_retention(translated: Node) -> list[str]:
    """Functions that do not log into a group of ours, and groups that keep for ever or are not encrypted."""
    groups = resources(translated, "AWS::Logs::LogGroup")
    wrong = [f"{name} keeps its logs for ever" for name, group in groups.items() if not group.get("RetentionInDays")]
    wrong += [f"{name} is not encrypted" for name, group in groups.items() if not group.get("KmsKeyId")]
    for name, function in functions(translated).items():
        if refers(function.get("LoggingConfig", {}).get("LogGroup")) not in groups:
            wrong.append(f"{name} logs into no group of ours")
    return wrong


def without_failure_destination(translated: Node) -> list[str]:
    """Whatever happens without anybody waiting for it, and is lost for good when it fails."""
    queues = resources(translated, "AWS::SQS::Queue")
    wrong = [
        f"{name} has no dead-letter queue"
        for name, function in functions(translated).items()
        if not function.get("DeadLetterConfig", {}).get("TargetArn")
    ]
    wrong += [
        f"{name} has no dead-letter queue"
        for name, schedule in resources(translated, "AWS::Scheduler::Schedule").items()
        if not schedule["Target"].get("DeadLetterConfig")
    ]
    wrong += [
        f"{name} has no dead-letter queue"
        for name, rule in resources(translated, "AWS::Events::Rule").items()
        for target in rule["Targets"]
        if refers(target["Arn"]) not in queues and not target.get("DeadLetterConfig")
    ]
    for name, mapping in resources(translated, "AWS::Lambda::EventSourceMapping").items():
        wrong += _forgetful_mapping(name, mapping, queues)
    return wrong


def _forgetful_mapping(name: str, mapping: Node, queues: dict[str, Node]) -> list[str]:
    source = refers(mapping["EventSourceArn"])
    wrong: list[str] = []
    if source in queues:
        if not queues[source].get("RedrivePolicy"):
            wrong.append(f"{name}: {source} has no redrive policy")
        if "MaximumConcurrency" not in mapping.get("ScalingConfig", {}):
            wrong.append(f"{name} has no bound on its concurrency")
    elif not mapping.get("DestinationConfig", {}).get("OnFailure"):
        wrong.append(f"{name} has no failure destination")
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
        wrong.append(f"{name} does not report single failures")
    return wrong


def outlasting_the_gateway(written: Node, translated: Node) -> list[str]:
    """Functions of the API, authorizers among them, that may still run when API Gateway has given up."""
    timeouts = {name: function["Timeout"] for name, function in functions(translated).items()}
    called_by_it: set[str] = set()
    for name, function in resources(written, "AWS::Serverless::Function").items():
        if "Api" in {event["Type"] for event in function.get("Events", {}).values()}:
            called_by_it.add(name)
    for api in resources(written, "AWS::Serverless::Api").values():
        called_by_it |= {refers(door["FunctionArn"]) or "" for door in api["Auth"]["Authorizers"].values()}
    return sorted(name for name in called_by_it if timeouts[name] >= GATEWAY_SECONDS)


def outlasting_their_message(translated: Node) -> list[str]:
    """Functions fed by a queue that may still be at a message when the queue gives it to somebody else."""
    timeouts = {name: function["Timeout"] for name, function in functions(translated).items()}
    queues = resources(translated, "AWS::SQS::Queue")
    wrong: list[str] = []
    for mapping in resources(translated, "AWS::Lambda::EventSourceMapping").values():
        source, name = refers(mapping["EventSourceArn"]), refers(mapping["FunctionName"]) or ""
        if source in queues and queues[source].get("VisibilityTimeout", 30) < timeouts[name]:
            wrong.append(f"{name} at a message of {source}")
    return wrong


def outlasting_their_minute(translated: Node) -> list[str]:
    """Functions that run every minute and may still run when the next one starts."""
    timeouts = {name: function["Timeout"] for name, function in functions(translated).items()}
    return [
        name
        for schedule in resources(translated, "AWS::Scheduler::Schedule").values()
        if schedule["ScheduleExpression"] == "rate(1 minute)"
        and timeouts[name := refers(schedule["Target"]["Arn"]) or ""] >= 60
    ]


def outlasting_their_task(written: Node, translated: Node, workflow: Node) -> list[str]:
    """Functions that a workflow calls and that may still run when it has given the task up."""
    shortest = min(state["TimeoutSeconds"] for state in workflow["States"].values() if state["Type"] == "Task")
    return [name for name in tasks(written) if functions(translated)[name]["Timeout"] >= shortest]


def tasks(written: Node) -> set[str]:
    """Functions that a workflow calls."""
    machines = resources(written, "AWS::Serverless::StateMachine").values()
    values = [value for machine in machines for value in machine["DefinitionSubstitutions"].values()]
    return {value["Ref"].removesuffix(".Alias") for value in values if value.get("Ref", "").endswith(".Alias")}


def unguarded_tables(translated: Node) -> list[str]:
    wrong: list[str] = []
    for name, resource in translated["Resources"].items():
        if resource["Type"] != "AWS::DynamoDB::Table":
            continue
        table = resource["Properties"]
        if not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            wrong.append(f"{name} has no point-in-time recovery")
        sse = table.get("SSESpecification", {})
        if not sse.get("SSEEnabled") or refers(sse.get("KMSMasterKeyId")) not in resources(translated, "AWS::KMS::Key"):
            wrong.append(f"{name} is not encrypted under a key of ours")
        if resource.get("Condition") == "HasSandbox":
            continue  # it holds play money, and no production stage has it
        if resource.get("DeletionPolicy") not in ("Retain", "RetainExceptOnCreate"):
            wrong.append(f"{name} is deleted with the stack")
        if resource.get("UpdateReplacePolicy") != "Retain":
            wrong.append(f"{name} is deleted when it is replaced")
        if table.get("DeletionProtectionEnabled") not in (True, {"Fn::If": ["IsProduction", True, False]}):
            wrong.append(f"{name} can be deleted in production")
        if table.get("BillingMode") != "PAY_PER_REQUEST":
            wrong.append(f"{name} costs something when nobody buys")
    return wrong


def unguarded_keys(translated: Node) -> list[str]:
    """A key that is gone takes everything under it along."""
    wrong: list[str] = []
    for name, resource in translated["Resources"].items():
        if resource["Type"] == "AWS::KMS::Key":
            kept = resource.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate")
            if not kept or resource.get("UpdateReplacePolicy") != "Retain":
                wrong.append(f"{name} can be lost with the stack")
            if not resource["Properties"].get("EnableKeyRotation"):
                wrong.append(f"{name} does not rotate")
    return wrong


LAKES = {"LakeBucket": "facts, which are derived, hold no secret and are kept for ever"}
"""Buckets that are not for plain secrets, and what is in them."""

SCRATCH = {"ScratchBucket": "facts and answers of a night, none of them a secret, which can be made again"}
"""Buckets that are emptied in a day as those for plain secrets are, and need no key of their own."""


def open_buckets(translated: Node) -> list[str]:
    """Buckets that are not private, not encrypted under a key of ours, or answer without TLS."""
    wrong: list[str] = []
    policies = resources(translated, "AWS::S3::BucketPolicy").values()
    for name, bucket in resources(translated, "AWS::S3::Bucket").items():
        block = bucket.get("PublicAccessBlockConfiguration", {})
        if len(block) != 4 or not all(value is True for value in block.values()):
            wrong.append(f"{name} may become public")
        if refers(_encryption(bucket).get("KMSMasterKeyID")) not in resources(translated, "AWS::KMS::Key"):
            wrong.append(f"{name} is not encrypted under a key of ours")
        if not any(refers(policy["Bucket"]) == name and "aws:SecureTransport" in text(policy) for policy in policies):
            wrong.append(f"{name} answers without TLS")
    return wrong


def _encryption(bucket: Node) -> Node:
    rules = bucket.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [{}])
    return rules[0].get("ServerSideEncryptionByDefault", {})


def shallow_lakes(translated: Node) -> list[str]:
    """Lakes that can lose what is in them: with the stack, by an overwrite, or after some days."""
    wrong: list[str] = []
    for name, resource in translated["Resources"].items():
        if name not in LAKES:
            continue
        if resource.get("DeletionPolicy") not in ("Retain", "RetainExceptOnCreate"):
            wrong.append(f"{name} is deleted with the stack")
        if resource.get("UpdateReplacePolicy") != "Retain":
            wrong.append(f"{name} is deleted when it is replaced")
        if resource["Properties"].get("VersioningConfiguration") != {"Status": "Enabled"}:
            wrong.append(f"{name} does not keep what was overwritten")
        rules = resource["Properties"].get("LifecycleConfiguration", {}).get("Rules", [])
        wrong += [f"{name} forgets" for rule in rules if {"ExpirationInDays", "ExpirationDate"} & set(rule)]
    return wrong


def leaky_buckets(translated: Node) -> list[str]:
    """Buckets for plain secrets: encrypted under a key of their own, without versions, emptied in a day."""
    wrong: list[str] = []
    for name, bucket in resources(translated, "AWS::S3::Bucket").items():
        if name in LAKES:
            continue
        default = _encryption(bucket)
        shared = name not in SCRATCH and refers(default.get("KMSMasterKeyID")) in (None, "DataKey")
        if default.get("SSEAlgorithm") != "aws:kms" or shared:
            wrong.append(f"{name} is not encrypted under a key of its own")
        if "VersioningConfiguration" in bucket or "ReplicationConfiguration" in bucket:
            wrong.append(f"{name} keeps what was deleted")
        days = [
            rule.get("ExpirationInDays")
            for rule in bucket.get("LifecycleConfiguration", {}).get("Rules", [])
            if rule.get("Status") == "Enabled" and not {"Prefix", "TagFilters"} & set(rule)
        ]
        if 1 not in days:
            wrong.append(f"{name} keeps files for more than a day")
    return wrong


def sandbox_in_production(written: Node) -> list[str]:
    """Uses of the sandbox provider's resources that a production stage would have too."""
    wrong: list[str] = []
    if written["Conditions"].get("HasSandbox") != {"Fn::Not": [{"Fn::Equals": [{"Ref": "Stage"}, "production"]}]}:
        wrong.append("HasSandbox is not: any stage but production")
    for name, resource in written["Resources"].items():
        if "Sandbox" in name and resource.get("Condition") != "HasSandbox":
            wrong.append(f"{name} is not under HasSandbox")
        if resource.get("Condition") == "HasSandbox":
            continue
        for path, node in walk(resource):
            names = [refers(node) or "", *re.findall(r"\$\{(\w+)", node if isinstance(node, str) else "")]
            if any("Sandbox" in name for name in names) and not _is_conditional(resource, path):
                wrong.append(f"{name}: {'.'.join(path)} names a sandbox resource in every stage")
    return wrong


def _is_conditional(resource: Node, path: tuple[str, ...]) -> bool:
    """Whether the node lies in the first branch of `!If [HasSandbox, ...]`."""
    node = resource
    for step, after in zip(path, (*path[1:], ""), strict=True):
        if step == "Fn::If" and node["Fn::If"][0] == "HasSandbox":
            return after == "1"
        node = node[int(step) if isinstance(node, list) else step]
    return False


def tied_to_one_partition(sources: dict[str, str]) -> list[str]:
    """`arn:aws:` or an account's number in a text that is deployed: AWS China is another partition."""
    wrong: list[str] = []
    for name, found in sources.items():
        for number, line in enumerate(found.splitlines(), 1):
            if re.search(r"arn:aws(-cn)?:|(?<![\w.])\d{12}(?!\w)", line):
                wrong.append(f"{name}:{number} {line.strip()}")
    return wrong


def outputs_that_tell(written: Node) -> list[str]:
    """Secrets have no business in outputs or parameters' defaults."""
    names = [*written.get("Outputs", {}), *written.get("Parameters", {})]
    return [name for name in names if re.search(r"Secret|Password|Token", name)]


def schedules_without_a_zone(translated: Node) -> list[str]:
    """A cron line without a zone is in UTC, and the merchant's day is not."""
    return [
        name
        for name, schedule in resources(translated, "AWS::Scheduler::Schedule").items()
        if str(listed(schedule["ScheduleExpression"])[0]).startswith("cron")
        and "ScheduleExpressionTimezone" not in schedule
    ]


def alarms_that_never_ring(written: Node) -> list[str]:
    """An alarm on a metric of ours, under the dimensions that it is counted under (`quanyi.metrics`); every workflow's
    failures have one."""
    alarms = resources(written, "AWS::CloudWatch::Alarm")
    wrong: list[str] = []
    for name, alarm in alarms.items():
        if alarm["Namespace"] == "Quanyi":
            of_all = {"Name": "service", "Value": "quanyi"} in alarm["Dimensions"]
            if alarm["MetricName"] not in get_args(Metric) or not of_all:
                wrong.append(f"{name} watches what nobody counts")
    watched = {refers(one["Value"]) for alarm in alarms.values() for one in alarm["Dimensions"]}
    workflows = resources(written, "AWS::Serverless::StateMachine")
    return wrong + [f"{name} fails unheard" for name in workflows if name not in watched]


def informal_refusals(written: Node) -> list[str]:
    """What the gateway, or the firewall before it, answers by itself must look like what the functions answer:
    problem+json with a stable code."""
    wrong: list[str] = []
    needed = {
        "UNAUTHORIZED",
        "ACCESS_DENIED",
        "MISSING_AUTHENTICATION_TOKEN",
        "THROTTLED",
        "DEFAULT_4XX",
        "DEFAULT_5XX",
    }
    for name, api in resources(written, "AWS::Serverless::Api").items():
        told = api.get("GatewayResponses", {})
        wrong += [f"{name}: {kind}" for kind in sorted(needed - set(told))]
        for kind, response in told.items():
            form = response["ResponseParameters"]["Headers"].get("Content-Type")
            problem = json.loads(response["ResponseTemplates"]["application/json"])
            lacks = {"type", "title", "code", "detail"} - set(problem)
            status = problem.get("status") == response.get("StatusCode")
            if form != "'application/problem+json'" or lacks or not status:
                wrong.append(f"{name}: {kind}")
    for name, firewall in resources(written, "AWS::WAFv2::WebACL").items():
        said = {key: json.loads(one["Content"]) for key, one in firewall.get("CustomResponseBodies", {}).items()}
        for rule in (one["Fn::If"][1] if "Fn::If" in one else one for one in firewall["Rules"]):
            block = rule.get("Action", {}).get("Block")
            if block is not None:
                answer = block.get("CustomResponse", {})
                problem = said.get(answer.get("CustomResponseBodyKey"), {})
                if not problem or problem["status"] != answer["ResponseCode"]:
                    wrong.append(f"{name}: {rule['Name']}")
    return wrong
