"""What the commands share: their options, the installation, and JSON on the terminal."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from core.config import Settings

if TYPE_CHECKING:
    from core.bootstrap import Everreach


def _sandbox(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    # The environment, and not an argument: the children of a command are in it as well.
    if value:
        os.environ["EVERREACH_SANDBOX"] = "1"


sandbox_option = click.option(
    "--sandbox",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_sandbox,
    help="Use the sandbox and its own data folder.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def read_settings() -> Settings:
    """The settings in the environment. Raises SetupError."""
    return Settings.from_env(os.environ)


@contextmanager
def everreach() -> Iterator["Everreach"]:
    """The installation, opened, with its database up to date."""
    from connectors.registry import load_registry
    from core.bootstrap import open_everreach
    from core.store.migrate import upgrade
    from webapp.up import make_home

    settings = read_settings()
    make_home(settings.home)
    # A set-up file may be applied before Everreach was ever started.
    upgrade(settings)
    with open_everreach(settings, load_registry()) as app:
        yield app


def print_json(value: Any) -> None:
    """Print a value for programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple | set | frozenset) else str(value)
