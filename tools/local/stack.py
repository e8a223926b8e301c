"""A deployed stack, as tools and tests see it, and the file that says the same to everything else."""

import json
import os
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from tools.local.cloud import Cloud, local_session
from tools.local.deploy import api_url, outputs
from tools.local.layout import LOCAL, REGION, STACK_NAME

STACK_FILE = LOCAL / "stack.json"


@dataclass(frozen=True)
class Stack:
    """`keys` holds API keys by role, those of `storefront` and `publishable` by channel; `providers` the addresses of
    the local payment providers that the shop is set up with; `suppliers` what a merchant enters to buy from each local
    supplier (`tools.local.suppliers`), and its `url`; `edge_url` the origin of the pages (`tools.local.edge`)."""

    api_url: str
    aws_endpoint_url: str
    region: str = REGION
    keys: dict[str, Any] = field(default_factory=dict[str, Any])
    outputs: dict[str, str] = field(default_factory=dict[str, str])
    providers: dict[str, str] = field(default_factory=dict[str, str])
    suppliers: dict[str, Any] = field(default_factory=dict[str, Any])
    edge_url: str = ""

    @classmethod
    def of(cls, cloud: Cloud, keys: dict[str, Any]) -> Self:
        return cls(api_url=api_url(cloud), aws_endpoint_url=cloud.endpoint, keys=keys, outputs=outputs(cloud))

    @classmethod
    def read(cls, path: Path = STACK_FILE) -> Self:
        """Raises FileNotFoundError where none was written."""
        return cls(**json.loads(path.read_text()))

    def client(self, service: str, config: Config | None = None) -> Any:
        """A boto3 client of this stack's AWS."""
        known: dict[str, Any] = {"endpoint_url": self.aws_endpoint_url, "config": config}
        return _session().client(service, **known)  # type: ignore[call-overload]

    def physical_id(self, logical_id: str) -> str:
        """The name that the deployment gave a resource of template.yaml."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=STACK_NAME, LogicalResourceId=logical_id
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def write(self, path: Path) -> None:
        """Readable by this user alone, and never seen half-written."""
        draft = path.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self.as_dict(), file, indent=2, ensure_ascii=False)
            file.write("\n")
        draft.replace(path)


@cache
def _session() -> boto3.Session:
    return local_session()
