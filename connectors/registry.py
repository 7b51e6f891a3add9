"""Which connectors there are: whatever lies in `channels` and `platforms`.

A module or package there whose name has no leading underscore is a connector: it holds
CHANNEL or PLATFORM, and that object has the module's name. What a connector needs beside
itself (an error table) lives inside its package.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any

from connectors import channels, config, platforms
from core.ports import ChannelConnector, PlatformConnector


@dataclass
class Connectors:
    """The connectors that this installation has, by name. A `core.ports.Registry`."""

    channels: Mapping[str, ChannelConnector]
    platforms: Mapping[str, PlatformConnector]

    def load_config(
        self,
        connector: ChannelConnector | PlatformConnector,
        values: Mapping[str, Any],
        path: str,
    ) -> Any:
        """The connector's config from the values at `path`. Raises SetupError."""
        return config.load(connector.Config, values, path)

    def config_schema(
        self, connector: ChannelConnector | PlatformConnector
    ) -> dict[str, Any]:
        """What `load_config` takes, as a JSON Schema."""
        return config.schema(connector.Config)

    def secret_names(
        self, connector: ChannelConnector | PlatformConnector
    ) -> frozenset[str]:
        """The settings that must never be shown."""
        return config.secrets(connector.Config)


@cache
def load_registry() -> Connectors:
    """Every connector, imported once."""
    return Connectors(
        channels=MappingProxyType(dict(discover(channels, "CHANNEL"))),
        platforms=MappingProxyType(dict(discover(platforms, "PLATFORM"))),
    )


def discover(package: ModuleType, attribute: str) -> Iterator[tuple[str, Any]]:
    """Names and connectors in a package. Raises TypeError for a module that is none."""
    for info in pkgutil.iter_modules(package.__path__):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            yield info.name, _connector(module, attribute, info.name)


def _connector(module: ModuleType, attribute: str, name: str) -> Any:
    connector = getattr(module, attribute, None)
    if connector is None:
        raise TypeError(f"{module.__name__} has no {attribute}")
    if connector.name != name:
        raise TypeError(f"{module.__name__} calls itself {connector.name!r}")
    return connector
