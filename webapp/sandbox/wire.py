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


@providers.get("/meta/<version>/<phone_id>")
def meta_number(version: str, phone_id: str) -> Answer:
    """What Meta knows of a business number."""
    fields = request.args.get("fields", "")
    status, answer = _world().meta.number(version, phone_id, _authorization(), fields)
    return answer, status


@providers.get("/meta/<version>/<waba_id>/message_templates")
def meta_templates(version: str, waba_id: str) -> Answer:
    """Meta's list of templates."""
    status, answer = _world().meta.templates(
        version, waba_id, _authorization(), request.args
    )
    return answer, status


@providers.post("/meta/<version>/<waba_id>/message_templates")
def meta_new_template(version: str, waba_id: str) -> Answer:
    """A template for Meta to review."""
    status, answer = _world().meta.create_template(
        version, waba_id, _authorization(), request.get_data()
    )
    return answer, status


@providers.post("/twilio/2010-04-01/Accounts/<sid>/Messages.json")
def twilio(sid: str) -> Answer:
    """Twilio's messaging API."""
    form = request.form.to_dict(flat=False)
    status, answer = _world().twilio.send(sid, _authorization(), form)
    return answer, status


@providers.get("/twilio/2010-04-01/Accounts/<sid>/Messages/<message>.json")
def twilio_message(sid: str, message: str) -> Answer:
    """One message at Twilio."""
    status, answer = _world().twilio.fetch(sid, _authorization(), message)
    return answer, status


@providers.get("/twilio/2010-04-01/Accounts/<sid>/IncomingPhoneNumbers.json")
def twilio_numbers(sid: str) -> Answer:
    """The numbers of an account at Twilio."""
    page_size = request.args.get("PageSize", 50, type=int)
    status, answer = _world().twilio.numbers(sid, _authorization(), page_size)
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
