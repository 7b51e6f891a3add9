"""A whole Everreach with its children, and providers that a test can direct."""

from collections.abc import Generator, Iterator

import pytest

from tests.support import house as houses
from tests.support.house import House


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """One house for all tests that break nothing: each ships orders of its own."""
    with houses.house(tmp_path_factory.mktemp("house"), database(request)) as made:
        yield made


def database(request: pytest.FixtureRequest) -> str:
    """The address of the database that a fixture's parameter names."""
    if request.param == "sqlite":
        return ""
    address: str = request.getfixturevalue("postgres").create("house")
    return address


@pytest.fixture
def house(running: House) -> Iterator[House]:
    """It must not have written to anybody twice."""
    running.turn_page()
    yield running
    running.providers.assert_nobody_was_written_to_twice()


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
