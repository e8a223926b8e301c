"""The house rules about sources. Each takes files by their path below the project and answers what breaks the rule."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TypeAlias

ROOT = Path(__file__).parents[2]
FOLDERS = ("functions", "layers", "tools", "tests", "bench")
LAYER = "layers/shared/quanyi"
LONGEST = 350
"""Lines of a module. Most are under 250."""
LONGEST_TEST = 500

NAMES_THAT_SAY_NOTHING = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "misc",
    "manager",
    "managers",
    "base",
    "stuff",
}

ADAPTERS = {
    "aws.py": "makes the clients",
    "analytics/athena.py": "Athena",
    "accounts/door.py": "the REST face of what other shops call",
    "accounts/dujiao_door.py": "the same for shops that run dujiao-next",
    "bots/webhook.py": "bots in chat groups",
    "table.py": "DynamoDB",
    "workflow.py": "Step Functions",
    "events/bus.py": "EventBridge",
    "http.py": "the REST face of every function",
    "issuers/rest.py": "issuers of third parties' cards",
    "mail/ses.py": "SES",
    "metrics.py": "CloudWatch's metrics",
    "payments/breaker.py": "the circuit breaker's state",
    "provider_secrets.py": "Secrets Manager",
    "supply/wire.py": "suppliers, over HTTP",
}
"""The layer's only modules that know AWS's SDK or HTTP."""

ENGINES = {"zen": "expression.py", "chinese_calendar": "restock/calendar.py", "duckdb": "analytics/engine.py"}
"""Libraries that know nothing of AWS and that some functions carry, and the layer's only module that knows each."""

PROVIDERS = {"payments/alipay/", "payments/wechat/", "payments/stripe/", "supply/adapters/"}
"""Folders of adapters to payment providers and suppliers: they speak HTTP."""

INDOORS = {
    "analytics/bands_table.py": "how buyers are scored, in the facts table",
    "insights/thresholds_table.py": "how much a rule must see, in the facts table",
    "accounts/numbers.py": "numbers given out, in the supply table",
    "stream.py": "reads tables' streams",
    "backlog.py": "a queue in the orders table",
    "removal.py": "deletes items, with a note of who did",
    "orders/listing.py": "reads the orders table's days",
    "catalog/listing_table.py": "rows of the catalogue's lists",
    "catalog/category_table.py": "the category tree's items",
    "stats/levels.py": "counters in the stats table",
    "stats/once.py": "counters that count each write once",
    "risk/signals.py": "tokens in the risk table",
    "risk/holds.py": "caps of what is unpaid, in the risk table",
    "risk/learning.py": "writes what orders tell into the risk table",
    "risk/assess.py": "reads, decides and records in the risk table",
    "risk/passing.py": "lets requests pass, in the risk table",
    "risk/refunding.py": "asks about refunds, with what the cards table knows",
    "mail/once.py": "sends what the stats table does not know as sent",
    "mail/outbox.py": "what was mailed, in the stats table",
    "bots/outbox.py": "what bots told, in the stats table",
    "vault/kms.py": "data keys and the keyring",
    "cards/pools.py": "the list of open pools",
    "cards/claim.py": "draws cards from the cards table",
    "cases/intake.py": "records cases in the orders table",
    "cases/reveals.py": "who opened what, in the orders table",
    "cases/sealed.py": "seals under the members table's keys",
    "risk/list_table.py": "block and allow lists, in the risk table",
    "risk/version_table.py": "versions of rules and policies, in the risk table",
    "risk/listing.py": "reads the risk table's decisions",
    "risk/review_table.py": "reviews, in the risk table",
    "payments/account.py": "prepaid accounts, in the supply table",
    "payments/receipt.py": "books money into the orders table",
    "payments/sandbox.py": "the sandbox provider's own table",
    "payments/deployed.py": "the providers of a deployment",
    "payments/registry.py": "which providers there are",
    "payments/settings_table.py": "providers' settings in the catalogue table",
    "receiving/arrivals.py": "where arriving cards go, in the cards table and the backlog",
    "receiving/placing.py": "where the cards of a purchase go, in the cards table",
    "receiving/receive.py": "takes in what a supplier delivered",
    "receiving/writing.py": "puts arriving cards into the cards table",
    "restock/demand.py": "what was asked for each day, in the stats table",
    "rollups/buyers_table.py": "who bought when, in the facts table",
    "supply/on_sale.py": "halts and prices of SKUs, in the catalogue table",
    "supply/reading.py": "offers with their suppliers, in the supply table",
    "vouchers/guessing.py": "who guessed how often, in the stats table",
    "vouchers/limits.py": "members' uses, in the members table",
    "vouchers/series.py": "series in the supply table",
    "vouchers/runs.py": "numbers given out, in the supply table",
    "vouchers/stock.py": "takes cards out of the cards table by their series",
}
"""Modules that work on an adapter without knowing what is behind it; `*/table.py` are too. The others are rules."""

FOREIGN = {
    "boto3",
    "botocore",
    "aws_lambda_powertools",
    "requests",
    "httpx",
    "urllib3",
    "stripe",
    "wechatpayv3",
    "alipay",
}
FOREIGN_MODULES = {"urllib.request", "http.client", "socket"}

Sources: TypeAlias = Mapping[str, str]
"""Texts by path."""


def sources() -> dict[str, str]:
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths}


def rooms() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "functions").glob("*/__init__.py"))


def foreign_imports(found: Sources) -> list[str]:
    """Modules of the layer that import AWS's SDK or an HTTP library without being an adapter."""
    wrong = []
    for path, name in _imports(found, LAYER):
        if _below(path, LAYER) != ENGINES.get(name.split(".")[0], _below(path, LAYER)):
            wrong.append(f"{path} imports {name}")
        if name.split(".")[0] not in FOREIGN and name not in FOREIGN_MODULES:
            continue
        if _below(path, LAYER) not in ADAPTERS and not _is_provider(path):
            wrong.append(f"{path} imports {name}")
    return wrong


def _is_provider(path: str) -> bool:
    return _below(path, LAYER).startswith(tuple(PROVIDERS))


def outward_imports(found: Sources) -> list[str]:
    """Rules and models of the layer that import an adapter, or what works on one."""
    outer = {f"{LAYER}/{path}" for path in (ADAPTERS | INDOORS)}
    outer |= {path for path in found if path.startswith(LAYER) and (path.endswith("/table.py") or _is_provider(path))}
    modules = {_module(path) for path in outer}
    return [f"{path} imports {name}" for path, name in _imports(found, LAYER) if path not in outer and name in modules]


def imports_between_rooms(found: Sources, names: list[str]) -> list[str]:
    """Rooms that import another room, and the layer importing any."""
    wrong = []
    for path, name in [*_imports(found, "functions"), *_imports(found, LAYER)]:
        room = PurePosixPath(path).parts[1] if path.startswith("functions") else "the layer"
        top = name.split(".")[0]
        if top in names and top != room:
            wrong.append(f"{path} imports {name}")
    return wrong


def too_long(found: Sources) -> list[str]:
    def most(path: str) -> int:
        return LONGEST_TEST if path.startswith("tests/") else LONGEST

    return [f"{path}: {lines} lines" for path, text in found.items() if (lines := text.count("\n")) > most(path)]


def empty_names(found: Sources) -> list[str]:
    """Files, folders and classes whose name tells nothing."""
    wrong = [path for path in found if {part.removesuffix(".py") for part in Path(path).parts} & NAMES_THAT_SAY_NOTHING]
    for path, text in found.items():
        classes = [node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)]
        wrong += [f"{path}: {name}" for name in classes if name.endswith(("Manager", "Helper", "Utils", "Base"))]
    return wrong


def eager(found: Sources) -> list[str]:
    """What happens when a module of functions or the layer is imported and must wait until it is called: asking the
    clock, the environment or chance, making a client or a logger."""
    wrong = []
    for path, text in found.items():
        if path.startswith(("functions", LAYER)):
            wrong += [f"{path}:{node.lineno} {name}" for name, node in _at_import(ast.parse(text)) if _must_wait(name)]
    return wrong


_CALLS_THAT_WAIT = {
    *("now", "utcnow", "today", "time", "monotonic", "getenv", "client", "resource", "Session", "uuid4", "urandom"),
    *("Logger", "Tracer", "Metrics", "system_clock", "read"),
}
_MODULES_THAT_WAIT = {"secrets", "random", "boto3"}


def _must_wait(name: str) -> bool:
    parts = name.split(".")
    return parts[-1] in _CALLS_THAT_WAIT or parts[0] in _MODULES_THAT_WAIT or "environ" in parts


def _at_import(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Dotted names that are called, and uses of `os.environ`, outside every function's body."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            outside = [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
            outside += [] if isinstance(node, ast.Lambda) else node.decorator_list
            for part in outside:
                yield from _at_import(ast.Expression(part))
            continue
        if isinstance(node, ast.Call):
            yield _dotted(node.func), node
        elif isinstance(node, ast.Attribute) and node.attr == "environ":
            yield _dotted(node), node
        yield from _at_import(node)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def _imports(found: Sources, folder: str) -> Iterator[tuple[str, str]]:
    """Path and imported module (for `from quanyi import aws` both `quanyi` and `quanyi.aws`)."""
    for path, text in found.items():
        if not path.startswith(folder + "/"):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                yield from ((path, name.name) for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: a relative import"
                yield path, node.module or ""
                yield from ((path, f"{node.module}.{name.name}") for name in node.names)


def _below(path: str, folder: str) -> str:
    return path.removeprefix(folder + "/")


def _module(path: str) -> str:
    return path.removeprefix("layers/shared/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
