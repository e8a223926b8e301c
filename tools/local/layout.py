"""Where things are, and what they are called."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
PAGES_TEMPLATE = ROOT / "web/template.yaml"
"""The stack of the pages within it."""
LOCAL = ROOT / ".local"

STACK_NAME = "quanyi"
REGION = "us-east-1"
ACCOUNT = "000000000000"
# MiniStack's own, good for nothing else.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}

UV = ROOT / ".tools/uv/bin/uv"
SAM = ROOT / ".tools/sam/bin/sam"
MINISTACK_PYTHON = ROOT / ".tools/ministack/bin/python"


@dataclass(frozen=True)
class Home:
    """The folder that holds everything one local AWS writes. Deleting it forgets that AWS, and nothing else."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def objects(self) -> Path:
        return self.folder / "s3"

    @property
    def scratch(self) -> Path:
        return self.folder / "tmp"

    @property
    def cloud_log(self) -> Path:
        return self.folder / "ministack.log"

    @property
    def function_log(self) -> Path:
        """JSON lines `{"function": ..., "message": ...}`: every line that any function printed."""
        return self.folder / "functions.log"

    @property
    def providers_log(self) -> Path:
        return self.folder / "providers.log"

    @property
    def suppliers_log(self) -> Path:
        return self.folder / "suppliers.log"

    @property
    def edge_log(self) -> Path:
        return self.folder / "edge.log"

    @property
    def stack_file(self) -> Path:
        return self.folder / "stack.json"

    @property
    def last_stack_file(self) -> Path:
        """What `stack_file` said while it was last up; the keys in it still hold."""
        return self.folder / "stack.last.json"

    @property
    def deployed(self) -> Path:
        """The fingerprint of the sources that were last deployed here."""
        return self.folder / "deployed"

    @property
    def demo_loaded(self) -> Path:
        """Exists once the toy shop was loaded: it then lives on in the state until `make reset`."""
        return self.folder / "demo-loaded"


def environment(**changes: str) -> dict[str, str]:
    """This process's environment less the AWS settings of whoever runs it: nothing local may reach a real account. Less
    where Python is to keep bytecode, too: what is built has its own beside it."""
    of_its_own = ("AWS_", "SAM_", "PYTHONPYCACHEPREFIX")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(of_its_own)}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true"} | changes
