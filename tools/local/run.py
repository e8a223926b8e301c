"""`make run`: the whole shop on this machine, in the foreground, until Ctrl-C.

python -m tools.local.run [--port N]
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import cast

from tools import demo, demo_past, demo_providers, demo_supply
from tools.local.beside import Beside, NotBeside
from tools.local.build import BuildFailed
from tools.local.cloud import Cloud, CloudFailed
from tools.local.deploy import NotDeployed, deploy, links_to
from tools.local.edge.pages import BUILT
from tools.local.edge.process import EdgeProcess
from tools.local.keys import issue_operator_key
from tools.local.layout import LOCAL, Home
from tools.local.logs import readable
from tools.local.ports import DEFAULT_PORT, PortBusy, free_port, is_free
from tools.local.providers.process import ProvidersProcess
from tools.local.single import AlreadyRunning, alone
from tools.local.stack import Stack
from tools.local.suppliers.process import SuppliersProcess
from tools.shop_client import HttpShop, Refused


def serve(home: Home, wanted_port: int | None) -> None:
    """Everything up and answering, then the functions' log lines, for ever."""
    before = _last(home)
    port = wanted_port or _usual_port(before)
    edge_port = _edge_port(before)
    edge_url = f"http://127.0.0.1:{edge_port}"
    print(f"local AWS on port {port} ...", flush=True)
    beside = _beside("payment providers", ProvidersProcess(home.providers_log))
    suppliers = _beside("suppliers", SuppliersProcess(home.suppliers_log))
    with Cloud(home, port) as cloud, beside as providers, suppliers as sellers:
        started = time.monotonic()
        home.function_log.write_text("")
        print("build and deploy template.yaml ...", flush=True)
        changed = deploy(cloud, links_to(edge_url))
        what = "deployed" if changed else "unchanged since the last time"
        print(f"  {what} ({time.monotonic() - started:.0f} s)", flush=True)
        stack = Stack.of(cloud, before.keys if before else {})
        stack = _load_demo(home, stack)
        stack = replace(stack, providers=_set_up(stack, providers), suppliers=sellers.told)
        supplied = _set_up_suppliers(stack)
        stack = replace(stack, edge_url=edge_url)
        with _beside("pages", EdgeProcess(home.edge_log, home.stack_file, edge_port)) as edge:
            # Written when everything answers: whoever reads it may start.
            stack.write(home.stack_file)
            try:
                _announce(stack, home, supplied, with_pages=bool(edge.told))
                for line in _following(home.function_log, cloud):
                    print(line, flush=True)
            finally:
                home.stack_file.replace(home.last_stack_file)


def _last(home: Home) -> Stack | None:
    """The stack that this home served before: its port and its keys still hold."""
    if home.stack_file.exists():
        home.stack_file.replace(home.last_stack_file)
    return Stack.read(home.last_stack_file) if home.last_stack_file.exists() else None


def _usual_port(before: Stack | None) -> int:
    last = int(before.aws_endpoint_url.rsplit(":", 1)[1]) if before else DEFAULT_PORT
    return next((port for port in (last, DEFAULT_PORT) if is_free(port)), None) or free_port()


def _edge_port(before: Stack | None) -> int:
    """The last one: mails that were sent lead there."""
    last = before.edge_url.rpartition(":")[2] if before else ""
    wanted = (int(last) if last.isdecimal() else EdgeProcess.usual_port, EdgeProcess.usual_port)
    return next((port for port in wanted if is_free(port)), None) or free_port()


def _load_demo(home: Home, stack: Stack) -> Stack:
    """The toy shop: catalogue, stock, channels and keys. Once loaded it lives on in the state until `make reset`."""
    if not stack.keys.get("operator"):
        stack = replace(stack, keys={"operator": issue_operator_key(stack)})
        # Written at once: a loader that fails must not leave a key behind that nobody knows.
        stack.write(home.last_stack_file)
    if home.demo_loaded.exists():
        return stack
    print("load the demo shop ...", flush=True)
    stack = replace(stack, keys=demo.load(stack.as_dict()))
    stack.write(home.last_stack_file)
    demo_past.bring(HttpShop(stack.api_url, stack.keys["operator"]), demo_past.shop_day(datetime.now(UTC)))
    home.demo_loaded.touch()
    return stack


@contextmanager
def _beside(what: str, servers: Beside) -> Generator[Beside]:
    """The shop opens without them too (it has its sandbox to be paid by): then it only says so."""
    try:
        servers.start()
    except NotBeside as failed:
        print(f"WITHOUT the local {what}: {failed}", flush=True)
    try:
        yield servers
    finally:
        servers.stop()


def _set_up(stack: Stack, providers: Beside) -> dict[str, str]:
    """The addresses of those that the shop takes money through now. Their keys are new in each run, so each run enters
    them anew; what they knew of before is forgotten."""
    shop = HttpShop(stack.api_url, stack.keys["operator"])
    done: dict[str, str] = {}
    for name in demo_providers.NAMES:
        told = providers.told.get(name)
        try:
            if told is None:
                demo_providers.take_down(shop, name)
                continue
            notify_url = demo_providers.set_up(shop, name, told["access"])
            if name == "stripe":  # the others are told with each payment
                demo_providers.enter_webhook(told["url"], notify_url)
            done[name] = told["url"]
        except (Refused, demo_providers.NotSetUp, OSError) as error:
            print(f"WITHOUT {name}: {error}", flush=True)
    return done


def _set_up_suppliers(stack: Stack) -> list[str]:
    """Names of the local suppliers that the shop buys from now, which are new ones in each run."""
    shop, done = HttpShop(stack.api_url, stack.keys["operator"]), list[str]()
    for name in demo_supply.TITLES:
        told = stack.suppliers.get(name)
        try:
            if told is None:
                demo_supply.take_down(shop, name)
            else:
                demo_supply.set_up(shop, told["access"], name)
                done.append(name)
        except (Refused, OSError) as error:
            print(f"WITHOUT the supplier {name}: {error}", flush=True)
    return done


def _announce(stack: Stack, home: Home, supplied: Collection[str], *, with_pages: bool) -> None:
    print()
    if with_pages and BUILT.is_dir():
        print(f"the shop:        {stack.edge_url}/")
        print(f"the console:     {stack.edge_url}/console/  (paste the operator key)")
        print(f"the counter:     {stack.edge_url}/counter/  (paste the counter key)")
        print(f"an order's page: {stack.edge_url}/claim/...  (the shop leads there, and the mail about the order)")
    elif with_pages:
        print("WITHOUT the pages: they are not built; `make web` says why")
    print(f"the API:         {stack.api_url}/v1/products")
    print(f"its reference:   {stack.api_url}/v1/docs")
    print(f"everything about it:  {home.stack_file}\n\nkeys:")
    for role, key in stack.keys.items():
        by_name = cast("dict[str, str]", key if isinstance(key, dict) else {"": key})
        for name, text in by_name.items():
            print(f"  {f'{role} {name}':<24} {text}")
    for name, url in stack.providers.items():
        print(f"  {f'local {name}':<24} {url}")
    for name, told in stack.suppliers.items():
        print(f"  {f'supplier {name}':<24} {told['url']}")
    known = stack.as_dict()
    shown = {"buy a card": demo.curl_lines(known)}
    if demo_supply.NAME in supplied:
        shown["top a phone up, from a supplier (pay and look as above)"] = demo_supply.order_lines(
            known, demo_supply.TOPUP
        )
        shown["buy cards for stock (state, ordered, received)"] = demo_supply.restock_lines(known)
        shown["break the supplier, then buy as above"] = demo_supply.fault_lines(known)
    others = [one for name, one in demo_supply.OTHERS.items() if name in supplied]
    if others:
        title = "a top-up from a supplier as 福禄 is one, a card from a dujiao-next shop (pay and look as above)"
        shown[title] = demo_supply.order_lines(known, *others)
    shown["compute the reports, and look at them"] = demo_past.report_lines(known)
    for what, lines in shown.items():
        print(f"\n{what}:")
        print("\n".join(f"  {line}" for line in lines))
    print("\nCtrl-C stops it and keeps what happened; `make reset` forgets it.\n", flush=True)


def _following(path: Path, cloud: Cloud) -> Iterator[str]:
    """Readable lines as they are written from now on. Raises CloudFailed when the local AWS goes away."""
    with path.open() as log:
        log.seek(0, os.SEEK_END)
        part = ""
        while cloud.alive:
            piece = log.readline()
            if not piece:
                time.sleep(0.2)
                continue
            part += piece
            if part.endswith("\n"):
                if text := readable(part):
                    yield text
                part = ""
    raise CloudFailed("the local AWS stopped by itself", cloud.home.cloud_log)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # Once only: a second Ctrl-C must not cut short the stop that writes the state.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> None:
    parser = argparse.ArgumentParser(description="The whole shop on this machine, until Ctrl-C")
    parser.add_argument("--port", type=int, help=f"default: the last one used, else {DEFAULT_PORT}, else any free one")
    port: int | None = parser.parse_args().port
    home = Home(LOCAL)
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with alone(home):
            serve(home, port)
    except KeyboardInterrupt:
        print("\nstopped; the next `make run` goes on from here")
    except (demo.DemoFailed, Refused, AlreadyRunning, BuildFailed, CloudFailed, NotDeployed, PortBusy) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
