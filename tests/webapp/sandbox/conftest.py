"""The sandbox's world on a real loopback socket, and somebody who notes its posts."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from flask import Flask, request
from werkzeug.serving import BaseWSGIServer, make_server

from core.clock import FastClock
from core.config import Settings
from webapp.sandbox.keys import sandbox_secrets
from webapp.sandbox.wire import providers
from webapp.sandbox.world import World


@dataclass(frozen=True)
class Post:
    """A webhook as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    def status(self) -> dict[str, Any]:
        (entry,) = json.loads(self.body)["entry"]
        (status,) = entry["changes"][0]["value"]["statuses"]
        return status


@dataclass
class Outside:
    """The world, the server it posts to and what that was told."""

    world: World
    clock: FastClock
    settings: Settings
    secrets: dict[str, str]
    posts: list[Post] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def skip(self, **duration: float) -> list[Post]:
        """Let time pass, and wait for everything that is due by then."""
        self.clock.skip(timedelta(**duration))
        eventually(lambda: not due(self))
        return self.posts

    def whatsapp(self, to: str, *body: str, **more: Any) -> requests.Response:
        template = {
            "name": more.pop("template", "order_shipped"),
            "language": {"code": more.pop("language", "en")},
            "components": [
                {
                    "type": "body",
                    "parameters": [{"type": "text", "text": text} for text in body],
                }
            ],
        }
        return self.post_whatsapp(
            {
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                "to": to,
                "type": "template",
                "biz_opaque_callback_data": "att_1",
                "template": template,
                **more,
            }
        )

    def post_whatsapp(
        self, payload: object, *, token: str | None = None
    ) -> requests.Response:
        phone_id = self.secrets["SANDBOX_META_PHONE_ID"]
        bearer = token or self.secrets["SANDBOX_META_TOKEN"]
        return requests.post(
            f"{self.secrets['SANDBOX_META_URL']}/v25.0/{phone_id}/messages",
            json=payload,
            headers={"Authorization": f"Bearer {bearer}"},
            timeout=5,
        )

    def sms(self, to: str, text: str = "Hello", **more: str) -> requests.Response:
        sid = self.secrets["SANDBOX_TWILIO_SID"]
        token = more.pop("token", self.secrets["SANDBOX_TWILIO_TOKEN"])
        callback = f"{self.settings.public_url}/receipts/twilio/sandbox.sms?ref=att_2"
        form = {
            "To": to,
            "From": "+15005550006",
            "Body": text,
            "StatusCallback": callback,
        }
        return requests.post(
            f"{self.secrets['SANDBOX_TWILIO_URL']}"
            f"/2010-04-01/Accounts/{sid}/Messages.json",
            data={**form, **more},
            auth=(sid, token),
            timeout=5,
        )


def due(outside: Outside) -> int:
    """How many webhooks should be out by now."""
    connection = sqlite3.connect(outside.settings.home / "world.sqlite3")
    try:
        now = outside.clock.now().timestamp()
        query = "SELECT count(*) FROM outbox WHERE due_at <= ?"
        return int(connection.execute(query, (now,)).fetchone()[0])
    finally:
        connection.close()


def eventually(true: Callable[[], object], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)


def settings_for(home: Path, port: int, **more: str) -> Settings:
    env = {
        "EVERREACH_HOME": str(home),
        "EVERREACH_PORT": str(port),
        "EVERREACH_SANDBOX": "1",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        **more,
    }
    return Settings.from_env(env)


def open_world(settings: Settings) -> Outside:
    settings.home.mkdir(parents=True, exist_ok=True)
    clock = FastClock(settings.home / "clock.json")
    return Outside(
        world=World.open(settings, clock),
        clock=clock,
        settings=settings,
        secrets=sandbox_secrets(settings),
    )


def everreach_of(outside: Outside) -> Flask:
    """The world's own addresses, and an Everreach that only listens."""
    app = Flask("everreach")
    app.extensions["sandbox"] = outside.world
    app.register_blueprint(providers)

    @app.route("/<path:path>", methods=["GET", "POST"])
    def listen(path: str) -> tuple[str, int]:
        headers = {name.lower(): value for name, value in request.headers}
        outside.posts.append(Post(request.full_path, headers, request.get_data()))
        return "", outside.answers.pop(0) if outside.answers else 200

    return app


def serve(app: Flask, port: int) -> BaseWSGIServer:
    """One request at a time, as the real server."""
    server = make_server("127.0.0.1", port, app)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


@pytest.fixture
def port() -> int:
    server = make_server("127.0.0.1", 0, Flask("free"))
    server.server_close()
    return server.port


@pytest.fixture
def outside(tmp_path: Path, port: int) -> Iterator[Outside]:
    outside = open_world(settings_for(tmp_path, port))
    server = serve(everreach_of(outside), port)
    outside.world.postman.start()
    yield outside
    outside.world.postman.stop()
    server.shutdown()
    server.server_close()
    outside.world.close()
