import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.config import load, secrets
from connectors.registry import load_registry
from core.cascade.model import Channel
from core.message.content import Parameter, Text, WhatsAppTemplate
from core.ports import HttpResponse, InboundRequest, Outgoing
from tests.support.riverside import NOW

FIXTURES = Path(__file__).parent / "fixtures"

CONTENT = {
    Channel.WHATSAPP: WhatsAppTemplate(
        template="order_shipped",
        language="en_GB",
        header=(Parameter(text="#1001"),),
        body=(Parameter(text="Anna", name="first_name"), Parameter(text="RR100200300")),
        buttons=(None, "RR100200300"),
    ),
    Channel.SMS: Text(text="Your order #1001 is on its way."),
}


def _read(path: str) -> dict[str, Any]:
    return json.loads((FIXTURES / f"{path}.json").read_text())


def _raw(body: Any) -> bytes:
    return (body if isinstance(body, str) else json.dumps(body)).encode()


@pytest.fixture
def answer() -> Callable[[str], HttpResponse]:
    """`answer("twilio/send_accepted")`: what a provider answered."""

    def read(path: str) -> HttpResponse:
        saved = _read(f"channels/{path}")
        return HttpResponse(**{**saved, "body": _raw(saved["body"])})

    return read


@pytest.fixture
def inbound() -> Callable[..., InboundRequest]:
    """`inbound("channels/twilio/report_sent")`: what came in, with changes by keyword."""

    def read(path: str, **changes: Any) -> InboundRequest:
        saved = {**_read(path), **changes}
        body = saved["body"]
        body = body if isinstance(body, bytes) else _raw(body)
        return InboundRequest(**{"received_at": NOW, **saved, "body": body})

    return read


@pytest.fixture
def config() -> Callable[..., Any]:
    """`config("channels/twilio")`: its fixture settings, with changes by keyword."""

    def read(path: str, **changes: Any) -> Any:
        kind, name = path.split("/")
        connector = getattr(load_registry(), kind)[name]
        return load(connector.Config, {**_read(f"{path}/config"), **changes}, "config")

    return read


@pytest.fixture
def outgoing() -> Callable[..., Outgoing]:
    """`outgoing(Channel.SMS)`: a message to send there, with changes by keyword."""

    def build(channel: Channel, **changes: Any) -> Outgoing:
        message = {
            "reference": "att_0001",
            "to": "+447700900101",
            "content": CONTENT[channel],
            "callback_url": "https://ever.example/receipts/main",
            "window": timedelta(minutes=30),
        }
        return Outgoing(**{**message, **changes})

    return build


@pytest.fixture
def secret_words() -> Callable[[str], set[str]]:
    """`secret_words("channels/twilio")`: every secret in its fixture settings."""

    def read(path: str) -> set[str]:
        kind, name = path.split("/")
        hidden = secrets(getattr(load_registry(), kind)[name].Config)
        values = [v for k, v in _read(f"{path}/config").items() if k in hidden]
        return {word for value in values for word in _words(value)}

    return read


def _words(value: str | list[str]) -> Iterator[str]:
    yield from [value] if isinstance(value, str) else value
