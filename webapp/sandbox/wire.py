"""The addresses at which the sandbox's providers take messages."""

from typing import Any

from flask import Blueprint, current_app, request

from webapp.loopback import require_loopback
from webapp.sandbox.world import World

providers = Blueprint("sandbox_world", __name__, url_prefix="/sandbox/world")
providers.before_request(require_loopback)

Answer = tuple[dict[str, Any], int]


@providers.post("/meta/<version>/<phone_id>/messages")
def meta(version: str, phone_id: str) -> Answer:
    """Meta's Cloud API."""
    status, answer = _world().meta.send(
        version, phone_id, _authorization(), request.get_data()
    )
    return answer, status


@providers.post("/twilio/2010-04-01/Accounts/<sid>/Messages.json")
def twilio(sid: str) -> Answer:
    """Twilio's messaging API."""
    status, answer = _world().twilio.send(sid, _authorization(), request.form)
    return answer, status


@providers.post("/vonage/v1/messages")
def vonage() -> Answer:
    """Vonage's Messages API."""
    status, answer = _world().vonage.send(_authorization(), request.get_data())
    return answer, status


@providers.get("/vonage/v1/users")
def vonage_users() -> Answer:
    """The users of an application at Vonage."""
    status, answer = _world().vonage.users(_authorization())
    return answer, status


def _authorization() -> str:
    return request.headers.get("Authorization", "")


def _world() -> World:
    world: World = current_app.extensions["sandbox"]
    return world
