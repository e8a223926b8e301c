"""The local AWS forks interpreters of functions from one that knows the shared layer (`tools/local/nursery.py`).

They are interpreters of their own none the less.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack.shop import until
from tools.local.cloud import Cloud
from tools.local.layout import ACCOUNT, Home

LAYER = {"python/quanyi/__init__.py": "", "python/quanyi/noun.py": "import os\nBORN = os.getpid()\nKEPT = []\n"}
FUNCTION = """
import os, random, sys
from pathlib import Path
from quanyi import noun

import own

def handler(event, context):
    print("was called")
    noun.KEPT.append(event["say"])
    if event["say"] == "die":
        os._exit(1)
    return {
        "born": noun.BORN, "parent": os.getppid(), "me": os.getpid(), "own": own.NAME, "kept": noun.KEPT,
        "said": os.environ["SAID"], "name": context.function_name, "drawn": random.random(),
        "here": Path("own.py").exists(), "path": [part for part in sys.path if "layer" in part],
    }
"""


def packed(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


class Functions:
    """Two functions on one layer."""

    def __init__(self, cloud: Cloud) -> None:
        self.client: Any = cloud.session.client("lambda", endpoint_url=cloud.endpoint)
        self.lay(LAYER)

    def lay(self, layer: dict[str, str]) -> None:
        self.layer = self.client.publish_layer_version(LayerName="shared", Content={"ZipFile": packed(layer)})
        self.layer = self.layer["LayerVersionArn"]

    def make(self, name: str) -> None:
        self.client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="room.handler",
            Role=f"arn:aws:iam::{ACCOUNT}:role/any",
            Code={"ZipFile": packed({"room.py": FUNCTION, "own.py": f"NAME = {name!r}\n"})},
            Layers=[self.layer],
            Environment={"Variables": {"SAID": f"to {name}"}},
        )

    def call(self, name: str, say: str = "hello") -> dict[str, Any]:
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps({"say": say}).encode())
        return {"failed": "FunctionError" in answer} | json.loads(answer["Payload"].read())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def functions(home: Home) -> Iterator[Functions]:
    with Cloud(home) as cloud:
        made = Functions(cloud)
        for name in ("one", "other"):
            made.make(name)
        yield made


def test_they_share_a_parent_and_nothing_else(functions: Functions, home: Home) -> None:
    one, other = functions.call("one"), functions.call("other")
    assert one["born"] == other["born"] == one["parent"] == other["parent"], "both were forked, from the same one"
    assert one["me"] != other["me"]
    for name, found in (("one", one), ("other", other)):
        assert (found["own"], found["said"], found["name"]) == (name, f"to {name}", name)
        assert (found["kept"], found["here"]) == (["hello"], True)
        assert found["path"], "its own layers are where it looks"
    assert one["drawn"] != other["drawn"]
    again = functions.call("one", "again")
    assert (again["me"], again["kept"]) == (one["me"], ["hello", "again"]), "it stays for the next call"
    lines = [json.loads(line) for line in home.function_log.read_text().splitlines()]
    assert {(line["function"], line["message"]) for line in lines} == {("one", "was called"), ("other", "was called")}


def test_one_that_dies_is_followed_by_a_new_one(functions: Functions) -> None:
    before = functions.call("one")
    assert functions.call("one", "die")["failed"]
    after = functions.call("one")
    assert (after["me"] != before["me"], after["parent"], after["kept"]) == (True, before["parent"], ["hello"])


def test_another_shared_layer_takes_another_parent(functions: Functions) -> None:
    before = functions.call("one")
    functions.lay(LAYER | {"python/quanyi/more.py": ""})
    functions.make("third")
    after = functions.call("third")
    assert before["born"] != after["born"] == after["parent"]
    assert functions.call("one")["me"] == before["me"], "those that run go on"


def test_none_is_left_when_the_local_aws_has_stopped(home: Home) -> None:
    with Cloud(home) as cloud:
        functions = Functions(cloud)
        functions.make("one")
        found = functions.call("one")
    until(lambda: not any(Path(f"/proc/{found[who]}").exists() for who in ("me", "parent")), seconds=15)
