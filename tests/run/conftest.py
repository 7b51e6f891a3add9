import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.config import Settings
from webapp.supervisor import Child, Supervisor

MakeChild = Callable[..., Child]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env({"EVERREACH_HOME": str(tmp_path / "home")})


@pytest.fixture
def said() -> list[str]:
    """What the supervisor and its children said."""
    return []


@pytest.fixture
def child(said: list[str]) -> MakeChild:
    """Makes a child that runs a line of shell."""

    def make(script: str, name: str = "child") -> Child:
        return Child(name, ["/bin/sh", "-c", script], os.environ, said.append)

    return make


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    with Supervisor(said.append, grace=2.0).signals() as made:
        yield made
        made.stop()
