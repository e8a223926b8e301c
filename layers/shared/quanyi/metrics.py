"""Counting what an operator must hear of: CloudWatch metrics, written as log lines (EMF), without a call."""

from typing import Literal

Metric = Literal[
    "ForgedNotification",
    "ProbeRefused",
    "NotificationNotBooked",
    "BooksDiffer",
    "RiskRuleFailed",
    "ReviewDueSoon",
    "ReviewTimedOut",
    "VoucherGuessing",
    "VoucherRuleFailed",
    "CaseSweepFailed",
    "ForgedCallback",
    "ForgedSupplyCall",
    "HintGivenUp",
    "FactNotTold",
]


def count(metric: Metric, **dimensions: str) -> None:
    """Adds one, to the sum that alarms watch and to what the dimensions tell apart. Powertools' metrics are imported on
    first use: what is counted here is rare."""
    from aws_lambda_powertools.metrics import MetricUnit, single_metric  # noqa: PLC0415

    for told in ({}, dimensions) if dimensions else ({},):
        with single_metric(name=metric, unit=MetricUnit.Count, value=1) as one:
            for name, value in told.items():
                one.add_dimension(name=name, value=value)
