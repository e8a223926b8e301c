"""The MiniStack process: start it, wait until it answers, stop it with its state kept."""

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import boto3

from tools.local.layout import ACCOUNT, CREDENTIALS, MINISTACK_PYTHON, REGION, ROOT, Home, environment
from tools.local.ports import choose_port

# Interpreters a function, of some 80 MB each; calls beyond them wait. AWS would start more, two cores cannot.
FUNCTION_INTERPRETERS = 4
# Calls in flight, waiting ones included, before MiniStack answers 429: AWS's own default for an account.
CONCURRENT_CALLS = 1000
START_SECONDS = 60.0
STOP_SECONDS = 60.0


class CloudFailed(Exception):
    """MiniStack did not come up, or went away. Carries the end of its log."""

    def __init__(self, what: str, log: Path) -> None:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:]) if log.exists() else ""
        super().__init__(f"{what}; the end of {log}:\n{tail}")


def local_session() -> boto3.Session:
    """Credentials that mean something to MiniStack alone, whatever this machine's own settings say."""
    return boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


class Cloud:
    """One local AWS, its state in `home`. A context manager: leaving it stops the process and keeps the state."""

    def __init__(self, home: Home, port: int | None = None) -> None:
        self.home = home
        self.port = choose_port(port)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def session(self) -> boto3.Session:
        """For `cloud.session.client(service, endpoint_url=cloud.endpoint)`."""
        return local_session()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns when it answers. Raises CloudFailed."""
        # Interpreters of functions leave their code here, of no use to the next start.
        shutil.rmtree(self.home.scratch, ignore_errors=True)
        for folder in (self.home.folder, self.home.state, self.home.objects, self.home.scratch):
            folder.mkdir(parents=True, exist_ok=True)
        with self.home.cloud_log.open("ab") as log:
            # A session of its own: Ctrl-C at the terminal must reach `run`, which then stops this process cleanly.
            self._process = subprocess.Popen(
                [str(MINISTACK_PYTHON), "-P", str(Path(__file__).with_name("ministack_shim.py"))],
                env=self._environment(),
                cwd=self.home.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if not self.alive:
                raise CloudFailed("MiniStack stopped while starting", self.home.cloud_log)
            if time.monotonic() > deadline:
                self.stop()
                raise CloudFailed(f"MiniStack did not answer within {START_SECONDS:.0f} s", self.home.cloud_log)
            time.sleep(0.1)

    def stop(self) -> None:
        """Stops cleanly, which is when MiniStack writes its state. Safe to call twice."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise CloudFailed(
                "MiniStack had to be killed: what happened since its start is lost", self.home.cloud_log
            ) from None
        finally:
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _answers(self) -> bool:
        with (
            suppress(urllib.error.URLError, OSError),
            urllib.request.urlopen(f"{self.endpoint}/_ministack/ready", timeout=2) as answer,
        ):
            return answer.status == 200
        return False

    def _environment(self) -> dict[str, str]:
        return environment(
            GATEWAY_PORT=str(self.port),
            BIND_HOST="127.0.0.1",
            MINISTACK_REGION=REGION,
            MINISTACK_ACCOUNT_ID=ACCOUNT,
            PERSIST_STATE="1",
            STATE_DIR=str(self.home.state),
            S3_PERSIST="1",
            S3_DATA_DIR=str(self.home.objects),
            TMPDIR=str(self.home.scratch),
            IOT_MTLS_ENABLED="0",
            SFTP_ENABLED="0",
            LAMBDA_EXECUTOR="local",
            LAMBDA_ACCOUNT_CONCURRENCY=str(CONCURRENT_CALLS),
            FUNCTION_INTERPRETERS=str(FUNCTION_INTERPRETERS),
            # A waiting call holds a thread, and the running ones need threads for their own calls.
            MINISTACK_WORKER_THREADS=str(CONCURRENT_CALLS + 64),
            FUNCTION_LOG=str(self.home.function_log),
            PYTHONDONTWRITEBYTECODE="1",
            # CloudFront's functions run in the node that is found first.
            PATH=f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        )
