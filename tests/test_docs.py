"""The docs say what is true."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from core import config, vault
from core.cascade.status import FailureClass
from core.services.views import LineView, MessageView, NoticeView, ReplyView, TryView
from webapp.cli import main
from webapp.ui import MESSAGE_FACES, TRY_FACES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *DOCS.rglob("*.md")]


def page(name: str) -> str:
    return (DOCS / "reference" / name).read_text()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text())

    assert [link for link in targets if not (path.parent / link).exists()] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_is_documented(command: str) -> None:
    assert f"`everreach {command}" in page("commands.md")


def test_every_variable_is_documented() -> None:
    source = Path(config.__file__).read_text() + Path(vault.__file__).read_text()
    names = set(re.findall(r'"((?:EVERREACH_|DATABASE_|REDIS_)[A-Z_]+)"', source))
    told = set(re.findall(r"`([A-Z_]+)`", page("configuration.md")))

    own = {name for name in names if not name.endswith("_FILE")}
    assert own - told - {"EVERREACH_SANDBOX"} == set()


@pytest.mark.parametrize("status", [*MESSAGE_FACES, *TRY_FACES, *FailureClass])
def test_every_status_is_documented(status: str) -> None:
    assert f"| `{status}` |" in page("statuses.md")


@pytest.mark.parametrize(
    "view", [MessageView, TryView, LineView, ReplyView, NoticeView]
)
def test_every_field_that_is_printed_is_documented(view: type[Any]) -> None:
    told = page("statuses.md").partition("## In JSON")[2]
    assert [one.name for one in fields(view) if f"`{one.name}`" not in told] == []
