"""Whoever follows docs/how-to/add-a-provider.md has a provider that keeps the contract.

Its files are put into a copy of the house, where they are held to what every provider is.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "how-to" / "add-a-provider.md"
MODULE = "connectors/channels/pigeon.py"
CONTRACT = "tests/connectors/test_channel_contract.py"
HOUSE = ("connectors", "core", "docs", "tests", "webapp")
# A file is named in the line before its block; one that comes again goes on there.
BLOCK = re.compile(
    r"^[^\n]*`([\w/]+\.\w+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE
)


def files() -> dict[str, str]:
    """What the page has its reader write, by path."""
    found: dict[str, str] = {}
    for path, text in BLOCK.findall(PAGE.read_text()):
        space = "\n" if text.startswith(" ") else "\n\n"  # inside of something, or not
        found[path] = found[path] + space + text if path in found else text
    return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the house with the new provider, after every command of the page."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for part in HOUSE:
        rubbish = shutil.ignore_patterns("__pycache__", ".hypothesis")
        shutil.copytree(ROOT / part, copy / part, ignore=rubbish)
    for path, text in files().items():
        (copy / path).parent.mkdir(exist_ok=True)
        (copy / path).write_text(text)
    subprocess.run([sys.executable, "-m", "tests.pages"], cwd=copy, check=True)
    return copy


def tried(house: Path, tests: str, which: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", tests, "-k", which]
    return subprocess.run(command, cwd=house, capture_output=True, text=True)


@contextmanager
def changed(path: Path, line: str, instead: str) -> Iterator[None]:
    """A file in which a line says something else."""
    before = path.read_text()
    assert line in before
    path.write_text(before.replace(line, instead))
    yield
    path.write_text(before)


def test_a_provider_that_was_made_by_the_page_keeps_the_contract(house: Path) -> None:
    result = tried(house, "tests/connectors", "pigeon")

    assert result.returncode == 0, result.stdout
    assert int(re.findall(r"(\d+) passed", result.stdout)[0]) > 35


def test_it_is_styled_as_everything_else(house: Path) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    check = subprocess.run([*ruff, "check", MODULE], cwd=house)
    style = subprocess.run([*ruff, "format", "--check", MODULE], cwd=house)

    assert (check.returncode, style.returncode) == (0, 0)


@pytest.mark.parametrize(
    ("line", "instead", "broken"),
    [
        ('"ref": message.reference,', "", "test_its_requests_carry_our_reference"),
        ("> TOLERANCE:", "> 2 * TOLERANCE:", "believed_for_exactly_so_long"),
        ("{API}/messages", "{API}/messages?key={config.api_key}", "shows_its_secrets"),
    ],
)
def test_one_that_strays_from_the_page_does_not(
    house: Path, line: str, instead: str, broken: str
) -> None:
    with changed(house / MODULE, line, instead):
        result = tried(house, CONTRACT, f"pigeon and {broken}")

    assert result.returncode == 1
    assert re.search(f"FAILED .*{broken}", result.stdout)
