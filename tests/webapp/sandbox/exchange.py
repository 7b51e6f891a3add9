"""A real connector against the sandbox's player of its provider, over a real socket."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from connectors.config import load
from core.cascade.model import Channel
from core.message.content import Content
from core.ports import (
    ChannelConnector,
    Checked,
    HttpResponse,
    InboundRequest,
    Outgoing,
    Response,
    SendResult,
    Told,
)
from core.wire import Wire
from tests.webapp.sandbox.conftest import Outside
from webapp import sandbox

SETUP = Path(sandbox.__file__).with_name("sandbox.yaml").read_text()


@dataclass
class Exchange:
    """What goes to and fro between one sender and its provider."""

    outside: Outside
    connector: ChannelConnector
    sender: str

    @property
    def settings(self) -> Any:
        text = SETUP
        for name, value in self.outside.secrets.items():
            text = text.replace(f"${{{name}}}", value)
        senders = {one["key"]: one["config"] for one in yaml.safe_load(text)["senders"]}
        return load(self.connector.Config, senders[self.sender], "config")

    @property
    def address(self) -> str:
        path = f"/receipts/{self.connector.name}/sandbox.{self.sender}"
        return self.outside.settings.public_url + path

    def send(
        self, channel: Channel, to: str, content: Content, settings: Any = None
    ) -> SendResult:
        message = Outgoing(
            reference="att_1",
            channel=channel,
            to=to,
            content=content,
            callback_url=self.address,
            window=timedelta(minutes=30),
            now=self.outside.clock.wall(),
        )
        built = self.connector.build(message, settings or self.settings)
        return self.connector.read(perform(built))

    def told(self) -> list[Told]:
        """All that was told so far: every request is proved first."""
        facts: list[Told] = []
        for post in self.outside.posts:
            request = InboundRequest(
                method="POST" if post.body else "GET",
                url=self.outside.settings.public_url + post.path.removesuffix("?"),
                headers=post.headers,
                body=post.body,
                received_at=self.outside.clock.now(),
            )
            self.connector.verify(request, self.settings)
            facts += self.connector.told(request)
        return facts

    def check(self, settings: Any = None) -> Checked:
        assert self.connector.check
        config = settings or self.settings
        answer = perform(self.connector.check.ask(config, self.outside.clock.wall()))
        return self.connector.check.answer(answer, config)

    def ask(self, provider_id: str) -> Any:
        assert self.connector.query
        answer = perform(self.connector.query.ask(provider_id, self.settings))
        assert isinstance(answer, HttpResponse)
        return self.connector.query.answer(answer)


def perform(request: Any) -> Response:
    wire = Wire(loopback_only=True)
    try:
        answer = wire.perform(request)
    finally:
        wire.close()
    assert isinstance(answer, HttpResponse)
    return answer
