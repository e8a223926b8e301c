"""What the registries' audits are read as; what they do not tell is no failure, and is said."""

import json

import pytest

from tools.audit import NotTold, audited, of_npm, of_pip, pinned

PIP = {
    "dependencies": [
        {"name": "clean", "version": "1.0", "vulns": []},
        {"name": "left", "version": "2.0", "skip_reason": "not on PyPI"},
        {"name": "weak", "version": "3.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1"]}]},
    ]
}
NPM = {"vulnerabilities": {"weak": {"range": "<2", "severity": "high", "via": [{"title": "It leaks"}, "deeper"]}}}


def test_what_is_vulnerable_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(of_pip(json.dumps(PIP), "")) == ["weak 3.0: PYSEC-1, mended in 3.1"]
    assert list(of_npm(json.dumps(NPM), "")) == ["weak <2: high, It leaks"]
    assert not audited("web", of_npm(json.dumps(NPM), ""))
    assert "weak <2" in capsys.readouterr().out


def test_what_is_not_passes() -> None:
    assert audited("web", of_npm('{"vulnerabilities": {}}', ""))
    assert audited("dev", of_pip('{"dependencies": []}', ""))


@pytest.mark.parametrize(
    ("said", "fault"),
    [("", "a trace\nConnectionError: refused\n"), ("<html>", "405"), ('{"statusCode": 405, "message": "refused"}', "")],
)
def test_a_registry_that_tells_nothing_is_named(said: str, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotTold):
        list(of_npm(said, fault))
    assert audited("web", of_npm(said, fault))
    assert "NOT AUDITED" in capsys.readouterr().out


def test_every_file_of_pins_is_looked_at() -> None:
    names = {str(path) for path in pinned()}
    assert any(name.endswith("layers/shared/requirements.txt") for name in names)
    assert any(name.endswith("functions/stock/requirements.txt") for name in names)
    assert any(name.endswith("requirements/dev.txt") for name in names)
