"""A whole Everreach with its children, and providers that a test can direct."""

from collections.abc import Generator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support import house as houses
from tests.support.house import House


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """One house for all tests, as each ships orders of its own."""
    database_url = ""
    if request.param == "postgresql":
        database_url = request.getfixturevalue("postgres").create(
            f"house_{uuid4().hex}"
        )
    with houses.house(tmp_path_factory.mktemp("house"), database_url) as made:
        yield made


@pytest.fixture
def house(running: House) -> Iterator[House]:
    """It is whole at the beginning, and has written to nobody twice at the end."""
    running.make_whole()
    yield running
    running.providers.assert_nobody_was_written_to_twice()
    assert running.complaints() == []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of one house together, after the quick tests of other folders."""

    def house_of(item: pytest.Item) -> str:
        ours = item.path.is_relative_to(Path(__file__).parent)
        return item.callspec.params["running"] if ours else ""

    order = ["", "sqlite", "postgresql"]
    items.sort(key=lambda item: order.index(house_of(item)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the house said while a test failed."""
    report = yield
    used = item.funcargs.get("house")
    if report.failed and isinstance(used, House):
        report.sections.append(("everreach up", used.page()))
    return report
