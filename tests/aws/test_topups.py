"""Ordering top-ups: the account is asked for, read, sealed, and shown masked to everybody."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext  # noqa: F401

from checkout.accounts import AccountUnchecked
from checkout.messages import OrderBody, OrderView
from checkout.place import place_order
from checkout.sight import OffersInSight
from quanyi.catalog.accounts import AccountInvalid
from quanyi.errors import Invalid, KeyReused, NotFound, SoldOut
from quanyi.orders.accounts import opened
from quanyi.orders.model import Order
from quanyi.secret import Secret
from tests.aws.conftest import Call, Cloud
from tests.aws.market import SITE, Market, without_decisions
