"""Bringing 100,000 cards in: memory, and time beside the bare writes that they are."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from bench.report import Figure, table
from tests.aws.conftest import tables, variable
from tools.local.cloud import Cloud
from tools.local.layout import CREDENTIALS, Home, environment

CARDS = 100_000
MEMORY, TIMES = 300, 1.3
ANSWERS_AFTER = 0.004
"""Seconds; about what DynamoDB takes for a PutItem."""


def measure() -> Figure:
    with tempfile.TemporaryDirectory(prefix="quanyi-bench-") as folder, Cloud(Home(Path(folder))) as cloud:
        env = _prepared(cloud)
        with _stand_in() as port:
            env["CARDS_ENDPOINT"] = f"http://127.0.0.1:{port}"
            # Half of the bare writes before and half after, so that a machine that gets busier favours neither.
            before = _run(env, "bare", CARDS // 2)
            whole = _run(env, "import", CARDS)
            after = _run(env, "bare", CARDS // 2)
    bare = before["seconds"] + after["seconds"]
    times = whole["seconds"] / bare
    work = before["processor"] + after["processor"]
    rows: list[list[object]] = [
        [
            f"import of {CARDS:,} lines",
            whole["seconds"],
            whole["processor"],
            round(CARDS / whole["seconds"]),
            whole["peak_mib"],
        ],
        [f"{CARDS:,} bare writes (half before, half after)", bare, work, round(CARDS / bare), "-"],
    ]
    return Figure(
        name="importing",
        title=f"Importing {CARDS:,} cards: peak memory; time ÷ the same conditional writes made bare",
        aim=f"≤ {MEMORY} MiB; ≤ {TIMES}",
        seen=f"{whole['peak_mib']:.0f} MiB; {times:.2f}",
        reached=whole["peak_mib"] <= MEMORY and times <= TIMES,
        how=(
            "The shipped import of a text file in a process of its own, as one run without the function's time limit. "
            f"Cards are written to a stand-in for DynamoDB that answers every PutItem after "
            f"{ANSWERS_AFTER * 1000:g} ms "
            "and refuses a second write of an id, in a third process: the local AWS would be the "
            "slow part and hide what "
            "the import adds. File, keys, checkpoints and batches are on the local AWS. Bare: ready-made requests, the "
            "same client, threads and conditions. Peak memory is the process's largest resident size."
        ),
        body=f"{table(['', 'seconds', 'processor seconds', 'cards/s', 'peak MiB'], rows)}\n\n"
        f"In processor time alone, which other work on the machine does not stretch: {whole['processor'] / work:.2f}.",
    )


def _prepared(cloud: Cloud) -> dict[str, str]:
    """Tables, key and bucket on the local AWS, and the environment that names them."""
    client = cast("Any", cloud.session).client
    for declared in tables().values():
        client("dynamodb", endpoint_url=cloud.endpoint).create_table(**declared)
    client("s3", endpoint_url=cloud.endpoint).create_bucket(Bucket="bench")
    key = client("kms", endpoint_url=cloud.endpoint).create_key()["KeyMetadata"]["Arn"]
    return environment(
        **{variable(name): declared["TableName"] for name, declared in tables().items()},
        **CREDENTIALS,
        AWS_ENDPOINT_URL=cloud.endpoint,
        IMPORT_BUCKET="bench",
        KMS_KEY_ID=key,
        SHOP_TIME_ZONE="Asia/Shanghai",
        PYTHONPATH=os.pathsep.join(sys.path),
    )


def _run(env: dict[str, str], what: str, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.import_run", what, str(count)]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


@contextmanager
def _stand_in() -> Generator[int]:
    command = [sys.executable, "-m", "bench.stand_in", str(ANSWERS_AFTER)]
    process = subprocess.Popen(command, env=environment(PYTHONPATH=os.pathsep.join(sys.path)), stdout=subprocess.PIPE)
    try:
        assert process.stdout
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)
