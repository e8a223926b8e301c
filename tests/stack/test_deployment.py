"""The template deploys as it is, and the shop's front door answers."""

import json
import urllib.error
import urllib.request

import pytest

from tools.local.stack import Stack


def get(stack: Stack, path: str, key: str = "") -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(stack.api_url + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_an_operator_reaches_the_operators_routes(stack: Stack) -> None:
    status, body = get(stack, "/v1/admin/channels", stack.keys["operator"])
    assert status == 200, body
    json.loads(body)


@pytest.mark.parametrize("key", ["", "qy_operator_00000000000000000000000000000000", "nonsense"])
def test_nobody_else_does(stack: Stack, key: str) -> None:
    status, _ = get(stack, "/v1/admin/channels", key)
    assert status in {401, 403}
