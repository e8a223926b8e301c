"""Expand a SAM template the way CloudFormation does, so that the result can be linted too.

    python -m tools.translate template.yaml translated.json

`sam validate` never looks at what SAM makes of a template: a dangling reference in a policy shows only here.
"""

import json
import sys
from pathlib import Path
from typing import Any

import boto3
from cfnlint.decode.cfn_yaml import load  # pyright: ignore[reportUnknownVariableType]
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tools.local.layout import REGION

_CODE = ("CodeUri", "ContentUri", "DefinitionUri")


def load_template(path: Path) -> dict[str, Any]:
    """A template with its short forms (!Ref ...) written out, as plain JSON values."""
    return json.loads(json.dumps(load(str(path))))


def translate(template: Path) -> dict[str, Any]:
    """The CloudFormation that SAM makes of `template`. S3 addresses stand for what a deployment would have uploaded."""
    document = load_template(template)
    shared = document.get("Globals", {}).get("Function", {})
    for properties in [shared, *(resource.get("Properties", {}) for resource in document["Resources"].values())]:
        properties |= {name: f"s3://bucket/{properties[name]}" for name in _CODE if name in properties}
        if stack := properties.get("TemplateURL"):
            properties["TemplateURL"] = f"https://bucket.s3.amazonaws.com/{stack}"
    translator = Translator({}, Parser(), None, boto3.Session(region_name=REGION))
    return translator.translate(document, {})  # pyright: ignore[reportUnknownVariableType]


def main() -> None:
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.parent.mkdir(parents=True, exist_ok=True)
    # As CloudFormation would get it: it takes a megabyte, and indents count.
    target.write_text(json.dumps(translate(source), separators=(",", ":")))


if __name__ == "__main__":
    main()
