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


@providers.post("/dexatel/v1/messages")
def dexatel() -> Answer:
    """Dexatel's API."""
    status, answer = _world().dexatel.send(_dexatel_key(), request.get_data())
    return answer, status


@providers.get("/dexatel/v1/messages/<name>")
def dexatel_message(name: str) -> Answer:
    """One message at Dexatel."""
    status, answer = _world().dexatel.fetch(_dexatel_key(), name)
    return answer, status


@providers.get("/dexatel/v1/senders")
def dexatel_senders() -> Answer:
    """The senders of an account at Dexatel."""
    status, answer = _world().dexatel.senders(_dexatel_key())
    return answer, status


@providers.post("/kannel/cgi-bin/sendsms")
def kannel() -> tuple[str, int]:
    """A Kannel's smsbox."""
    headers = {name.lower(): value for name, value in request.headers}
    status, answer = _world().kannel.send(headers, request.get_data())
    return answer, status


def _dexatel_key() -> str:
    return request.headers.get("X-Dexatel-Key", "")


def _authorization() -> str:
    return request.headers.get("Authorization", "")


def _world() -> World:
    world: World = current_app.extensions["sandbox"]
    return world
