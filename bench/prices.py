"""AWS list prices, us-east-1, on demand, without the free tier, as the public price pages said in 2025.

https://aws.amazon.com/<service>/pricing/ for each. USD.
"""

PRICES: dict[str, tuple[float, str]] = {
    "api request": (3.50e-6, "API Gateway REST, per request (first 333 million a month)"),
    "lambda request": (0.20e-6, "Lambda, per request"),
    "lambda GB-second": (0.0000133334, "Lambda on arm64, per GB-second"),
    "write unit": (0.625e-6, "DynamoDB on demand, per write request unit"),
    "read unit": (0.125e-6, "DynamoDB on demand, per read request unit"),
    "transition": (25e-6, "Step Functions Standard, per state transition"),
    "event": (1.00e-6, "EventBridge custom event, per 64 KB"),
    "sqs request": (0.40e-6, "SQS standard queue, per request"),
    "kms request": (3.0e-6, "KMS, per request"),
    "log GB": (0.50, "CloudWatch Logs, per GB taken in"),
    "trace": (5.0e-6, "X-Ray, per trace recorded"),
    "transfer GB": (0.09, "Data out to the internet, per GB"),
    "table GB-month": (0.25 + 0.20, "DynamoDB storage and its point-in-time recovery, per GB and month"),
    "firewall request": (0.60e-6, "WAF, per request looked at"),
    "mail": (100e-6, "SES, per mail"),
    "kms key": (1.00, "KMS, per customer-managed key and month"),
}
"""What one costs, and of what."""
