"""A clinic on both databases, and the providers that it sends by."""

from collections.abc import Iterator

import pytest

from core.bootstrap import Everreach
from tests.conftest import SetClock
from tests.support import loopback
from tests.support.clinic import Clinic
from tests.support.loopback import Providers


@pytest.fixture(scope="module")
def listening() -> Iterator[Providers]:
    with loopback.providers() as server:
        yield server


@pytest.fixture
def providers(listening: Providers) -> Providers:
    listening.begin_anew()
    return listening


@pytest.fixture
def clinic(app: Everreach, clock: SetClock, providers: Providers) -> Clinic:
    return Clinic(app, clock, providers)
