import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.config import load, secrets
from connectors.registry import load_registry
from core.cascade.model import Channel
from core.message.content import (
    ButtonKind,
    ButtonParameter,
    Email,
    Parameter,
    Template,
    Text,
)
from core.ports import (
    HttpResponse,
    InboundRequest,
    MailResponse,
    Outgoing,
    Printed,
    Response,
)
from tests.support.riverside import NOW

FIXTURES = Path(__file__).parent / "fixtures"

CONTENT = {
    Channel.WHATSAPP: Template(
        template="order_shipped",
        language="en_GB",
        header=(Parameter(text="#1001"),),
        body=(Parameter(text="Anna", name="first_name"), Parameter(text="RR100200300")),
        buttons=(None, ButtonParameter(kind=ButtonKind.LINK, value="RR100200300")),
    ),
    Channel.SMS: Text(text="Your order #1001 is on its way."),
    Channel.VIBER: Text(text="Your order #1001 is on its way."),
    Channel.RCS: Text(text="Your order #1001 is on its way."),
    Channel.EMAIL: Email(
        subject="On its way",
        text="Your order #1001 is on its way.",
        html="<p>On its way.</p>",
    ),
}


def _read(path: str) -> dict[str, Any]:
    return json.loads((FIXTURES / f"{path}.json").read_text())


def _raw(body: Any) -> bytes:
    return (body if isinstance(body, str) else json.dumps(body)).encode()


@pytest.fixture
def answer() -> Callable[[str], Response]:
    """`answer("twilio/send_accepted")`: what a provider answered."""

    def read(path: str) -> HttpResponse:
        return as_response(_read(f"channels/{path}"))

    return read


def as_response(saved: dict[str, Any]) -> Response:
    """A saved answer: by HTTP (`status`, `headers`, `body`), mail (`code`, `text`) or neither."""
    if "status" in saved:
        return HttpResponse(**{**saved, "body": _raw(saved["body"])})
    return MailResponse(**saved) if saved else Printed()


@pytest.fixture
def inbound() -> Callable[..., InboundRequest]:
    """`inbound("channels/twilio/report_sent")`: what came in, with changes by keyword."""

    def read(path: str, **changes: Any) -> InboundRequest:
        saved = {**_read(path), **changes}
        if isinstance(at := saved.get("received_at"), str):
            saved["received_at"] = datetime.fromisoformat(at)
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
            "channel": channel,
            "to": "anna@riverside.example"
            if channel is Channel.EMAIL
            else "+447700900101",
            "content": CONTENT[channel],
            "callback_url": "https://ever.example/receipts/main",
            "window": timedelta(minutes=30),
            "now": NOW,
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
