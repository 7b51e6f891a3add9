"""A shop on the line and a clinic: what the journeys stand on."""

from collections.abc import Iterator

import pytest

from core.bootstrap import Everreach
from tests.conftest import SetClock
from tests.support import loopback
from tests.support.clinic import Clinic
from tests.support.line import Line
from tests.support.loopback import Providers


@pytest.fixture(scope="session")
def listening() -> Iterator[Providers]:
    with loopback.providers() as server:
        yield server


@pytest.fixture
def providers(listening: Providers) -> Providers:
    listening.begin_anew()
    return listening


@pytest.fixture
def line(app: Everreach, clock: SetClock, providers: Providers) -> Line:
    return Line(app, clock, providers)


@pytest.fixture
def clinic(app: Everreach, clock: SetClock, providers: Providers) -> Clinic:
    return Clinic(app, clock, providers)
