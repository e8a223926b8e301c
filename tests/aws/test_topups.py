"""Ordering top-ups: the account is asked for, read, sealed, and shown masked to everybody."""

from aws_lambda_powertools.utilities.typing import LambdaContext  # noqa: F401
