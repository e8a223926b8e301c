"""MiniStack 1.5.33 with what a stack that is stopped and started again needs. Runs in MiniStack's own environment.

    python tools/local/ministack_shim.py        (the same environment variables as `ministack`)

1. Records of table streams are kept with the rest of the state. Stock MiniStack keeps only how far each reader came, so
   after a restart every reader skips as many records as it had ever read.
2. Every line a function prints is also appended to $FUNCTION_LOG, in order, as `{"function": ..., "message": ...}`.
3. A function has at most $FUNCTION_INTERPRETERS interpreters; further calls wait for one. Stock MiniStack starts one
   for each call in flight, up to its limit, and answers 429 beyond: in a burst, two cores only start interpreters.
4. Queue URLs name one port, whatever the port is: they are kept in the state, and on another port no queue would be
   found under its URL. (Clients call the endpoint that they were given, not the URL.)
5. A layer is unpacked once, not once more for each interpreter: that took longer than its imports, and gigabytes.
6. An API's routes for any method (`x-amazon-apigateway-any-method`) are there. Stock MiniStack serves such routes, and
   writes them out, but leaves them out of the API that CloudFormation makes.
7. The process stops, cleanly, when the process that started it is gone.
8. Interpreters of functions are forked from one that has imported the shared layer (`nursery.py`): a function's first
   call then takes a tenth of the time. Where that cannot be, they are started as ever.
9. A secret that is made with a `ClientRequestToken` has it as the id of its first version, as on AWS. Stock MiniStack
   does so for later versions only, and credentials that were entered once looked as if they had never been.

Each patch touches what it relies on when it is applied, and another version of MiniStack is refused.
"""

# pyright: basic
import copy
import functools
import hashlib
import importlib.metadata
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

VERSION = "1.5.33"


def keep_stream_records(dynamodb) -> None:
    """Patch 1: adds the stream records, and how many were trimmed, to the state that a clean stop writes."""
    stock_state, stock_load = dynamodb.get_state, dynamodb.load_persisted_state
    for name in ("_stream_records", "_stream_trimmed"):
        getattr(dynamodb, name)

    @functools.wraps(stock_state)
    def get_state():
        streams = {
            "stream_records": copy.deepcopy(dynamodb._stream_records),
            "stream_trimmed": copy.deepcopy(dynamodb._stream_trimmed),
        }
        return {**stock_state(), **streams}

    @functools.wraps(stock_load)
    def load_persisted_state(data):
        loaded = stock_load(data)
        if data and data.get("stream_records") is not None:
            dynamodb._stream_records.update(data["stream_records"])
            dynamodb._stream_trimmed.update(data["stream_trimmed"])
        return loaded

    dynamodb.get_state, dynamodb.load_persisted_state = get_state, load_persisted_state


def echo_function_logs(lambda_service, path: str) -> None:
    """Patch 2: appends what functions print to the file at `path`, besides CloudWatch Logs."""
    stock_emit = lambda_service._emit_lambda_logs
    lock = threading.Lock()

    @functools.wraps(stock_emit)
    def emit(func, request_id, log_text, *rest, **options):
        name = (func.get("config") or func).get("FunctionName", "unknown")
        lines = "".join(
            json.dumps({"function": name, "message": line}) + "\n" for line in (log_text or "").splitlines() if line
        )
        if lines:
            with lock, Path(path).open("a", encoding="utf-8") as log:
                log.write(lines)
        return stock_emit(func, request_id, log_text, *rest, **options)

    lambda_service._emit_lambda_logs = emit


def queue_calls(lambda_service, interpreters: int) -> None:
    """Patch 3: makes calls beyond `interpreters` of one function wait, each at most a minute."""
    stock_execute = lambda_service._execute_function_warm
    free: dict[str, threading.Semaphore] = {}

    @functools.wraps(stock_execute)
    def execute(func, event, request_id):
        # By function, never for all together: functions call each other while they run.
        name = (func.get("config") or func)["FunctionArn"]
        turn = free.setdefault(name, threading.Semaphore(interpreters))
        mine = turn.acquire(timeout=60)
        try:
            return stock_execute(func, event, request_id)
        finally:
            if mine:
                turn.release()

    lambda_service._execute_function_warm = execute


def name_queues_alike(sqs) -> None:
    """Patch 4: makes a queue's URL independent of the port."""
    if not hasattr(sqs, "DEFAULT_PORT"):
        sys.exit("ministack_shim.py: queue URLs are made in another way now")
    sqs.DEFAULT_PORT = "4566"


def share_layers(lambda_runtime) -> None:
    """Patch 5: an interpreter's folder of a layer is a link to where the first one unpacked it."""
    stock, unpacking = lambda_runtime.zipfile, threading.Lock()

    class Archive(stock.ZipFile):
        def __init__(self, file, *rest, **options):
            super().__init__(file, *rest, **options)
            path = Path(file)
            self.unpacked = None
            if path.name.startswith("layer_"):
                self.unpacked = path.parent.parent / f"layer_{hashlib.sha256(path.read_bytes()).hexdigest()}"

        def namelist(self):
            """What is to be looked through for names that lead elsewhere."""
            return [] if self.unpacked and self.unpacked.exists() else super().namelist()

        def extractall(self, path=None, *rest, **options):
            if self.unpacked is None:
                return super().extractall(path, *rest, **options)
            with unpacking:
                if not self.unpacked.exists():
                    draft = self.unpacked.with_suffix(".draft")
                    super().extractall(draft, *rest, **options)
                    draft.rename(self.unpacked)
            Path(path).rmdir()
            return Path(path).symlink_to(self.unpacked)

    lambda_runtime.zipfile = types.SimpleNamespace(**{**vars(stock), "ZipFile": Archive})


def take_any_method(apigateway) -> None:
    """Patch 6: an OpenAPI path's operation for any method becomes the method `ANY` of its resource."""
    stock_import = apigateway._import_path_item
    apigateway._OPENAPI_HTTP_METHODS.add("any")

    @functools.wraps(stock_import)
    def import_path_item(api_id, path, path_item, *rest, **options):
        named = {"any" if key == "x-amazon-apigateway-any-method" else key: told for key, told in path_item.items()}
        return stock_import(api_id, path, named, *rest, **options)

    apigateway._import_path_item = import_path_item


def name_first_versions(secretsmanager) -> None:
    """Patch 9: a new secret's first version gets the id that its maker asked for."""
    stock_create, json_response = secretsmanager._create_secret, secretsmanager.json_response

    @functools.wraps(stock_create)
    def create_secret(data):
        token, name = data.get("ClientRequestToken"), data.get("Name")
        made = name not in secretsmanager._secrets
        answer = stock_create(data)
        if not (token and made and name in secretsmanager._secrets):
            return answer
        secret = secretsmanager._secrets[name]
        secret["Versions"] = {token: secret["Versions"].popitem()[1]}
        return json_response({"ARN": secret["ARN"], "Name": name, "VersionId": token})

    secretsmanager._create_secret = create_secret


def stop_with(parent: int) -> None:
    """Patch 7: a parent that was killed cannot stop us, and an AWS that nobody owns would keep its port and memory."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


class Forked:
    """What `lambda_runtime` asks of a process, of one that is not our child. It is alive while `life`, the end of a
    pipe, is held open at its other end."""

    def __init__(self, pid, pipes, life) -> None:
        self.pid, self._life = pid, life
        streams = ((pipes[0], "w"), (pipes[1], "r"), (pipes[2], "r"))
        self.stdin, self.stdout, self.stderr = (open(end, mode, 1, encoding="utf-8") for end, mode in streams)  # noqa: PTH123, SIM115

    def __del__(self) -> None:
        os.close(self._life)

    def _is_over(self, seconds: float | None) -> bool:
        watch = select.poll()
        watch.register(self._life, 0)  # a hang-up is told unasked
        return bool(watch.poll(None if seconds is None else seconds * 1000))

    def poll(self) -> int | None:
        return 0 if self._is_over(0) else None

    def wait(self, timeout: float | None = None) -> int:
        if not self._is_over(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return 0

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, what) -> None:
        if self.poll() is None:
            os.kill(self.pid, what)


class Nursery:
    """One `nursery.py`, for one shared layer."""

    def __init__(self, layer: str, env) -> None:
        self.layer, self._turn = layer, threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            program = [sys.executable, "-P", str(Path(__file__).with_name("nursery.py")), str(theirs.fileno()), layer]
            self._process = subprocess.Popen(program, env=env, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])

    def fork(self, script: str, cwd: str, env) -> Forked:
        """Raises OSError when it is gone."""
        mine, theirs = zip(*(os.pipe()[:: -1 if at == 0 else 1] for at in range(4)), strict=True)
        try:
            message = json.dumps({"script": script, "cwd": cwd, "env": env}).encode()
            with self._turn:
                socket.send_fds(self._control, [message], theirs)
                told = self._control.recv(32)
            if not told:
                raise BrokenPipeError(self.layer)
        except OSError:
            for end in mine:
                os.close(end)
            raise
        finally:
            for end in theirs:
                os.close(end)
        return Forked(int(told), mine[:3], mine[3])

    def close(self) -> None:
        self._control.close()
        self._process.wait()


def fork_interpreters(lambda_runtime) -> None:
    """Patch 8: starts a Python function's interpreter by forking, where it has the shared layer."""
    stock, starting = lambda_runtime.subprocess, threading.Lock()
    nursery: list[Nursery] = []

    def of(layer: str, env) -> Nursery:
        """Another shared layer, which a deployment brought, takes another nursery."""
        with starting:
            while nursery and nursery[0].layer != layer:
                nursery.pop().close()
            if not nursery:
                nursery.append(Nursery(layer, env))
            return nursery[0]

    def start(command, *rest, cwd=None, env=None, **options):
        layers = [Path(path) for path in (env or {}).get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep) if path]
        shared = next((path.resolve() for path in layers if (path / "python/quanyi").is_dir()), None)
        if command[0] == sys.executable and shared:
            try:
                return of(str(shared), env).fork(command[1], cwd, env)
            except OSError as error:
                print(f"ministack_shim.py: no interpreter could be forked: {error!r}", file=sys.stderr)
                nursery.clear()
        return stock.Popen(command, *rest, cwd=cwd, env=env, **options)

    if sys.platform == "linux":
        lambda_runtime.subprocess = types.SimpleNamespace(**{**vars(stock), "Popen": start})


def main() -> None:
    installed = importlib.metadata.version("ministack")
    if installed != VERSION:
        sys.exit(f"ministack_shim.py was written for MiniStack {VERSION}, not {installed}: check each patch again")
    from ministack import app
    from ministack.core import lambda_runtime
    from ministack.services import apigateway_v1, dynamodb, lambda_svc, secretsmanager, sqs

    keep_stream_records(dynamodb)
    name_queues_alike(sqs)
    share_layers(lambda_runtime)
    fork_interpreters(lambda_runtime)
    take_any_method(apigateway_v1)
    name_first_versions(secretsmanager)
    if path := os.environ.get("FUNCTION_LOG"):
        echo_function_logs(lambda_svc, path)
    if interpreters := os.environ.get("FUNCTION_INTERPRETERS"):
        queue_calls(lambda_svc, int(interpreters))
    stop_with(os.getppid())
    sys.argv = ["ministack"]
    app.main()


if __name__ == "__main__":
    main()
