"""The HTTP API, version 1: answer people, see what became of it, read what they wrote.

Who asks shows a key of an account, and sees and does what is that account's alone. What cannot
be done is told as RFC 9457 has it, with the field and the fix.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app, g, request, url_for
from werkzeug.exceptions import HTTPException

from core.bootstrap import Everreach
from core.cascade.model import Channel
from core.message.mailbox import find_mailbox
from core.message.phone import NoPhone, find_phone
from core.services import api_keys
from core.services.conversation import replies_after, told_of
from core.services.problems import Problem, invalid, unknown
from core.services.writing import Letter, write
from core.store.as_json import UNSTORABLE
from webapp.express import inbound_request

api = Blueprint("api", __name__, url_prefix="/api/v1")

PAGE, LONGEST_PAGE = 100, 1000
LONGEST_KEY = 255
_WRITABLE = ("text", "channel", "sender", "subject")


def is_api(path: str) -> bool:
    """Whether who asks for a path expects JSON."""
    return path.startswith("/api/")


def problem(error: HTTPException) -> Response:
    """Any other error, told as the API tells it."""
    code = error.code or 500
    title = HTTPStatus(code).phrase
    return _told(Problem(code, title, error.description or title))


@api.errorhandler(Problem)
def _told(error: Problem) -> Response:
    body = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "field": error.field,
        "fix": error.fix,
    }
    answer = _json({name: value for name, value in body.items() if value}, error.status)
    answer.mimetype = "application/problem+json"
    if error.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


@api.before_request
def _who() -> None:
    """Raises Problem unless a key is shown that is in use."""
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    holder = api_keys.holder(_app(), key.strip()) if kind.lower() == "bearer" else None
    if holder is None:
        told = "no key that is known here was shown"
        fix = "Send the header Authorization: Bearer and a key"
        raise Problem(401, "Who are you?", told, "Authorization", fix)
    if holder["revoked_at"]:
        fix = "Make another by everreach api-key create"
        raise Problem(403, "Not any more", "this key was revoked", "Authorization", fix)
    g.account = holder


@api.post("/people/<address>/messages")
def write_to(address: str) -> Response:
    """Write to a person who wrote to us, or whom we wrote to."""
    came = inbound_request(_app(), request.environ, request.get_data(cache=True))
    letter = _letter(address, came.body)
    message_id = write(_app(), g.account, letter, came, _idempotency_key())
    answer = _json({"id": message_id}, 202)
    answer.headers["Location"] = url_for("api.message", id=message_id)
    return answer


@api.get("/messages/<id>")
def message(id: str) -> Response:
    """What became of a message."""
    found = told_of(_app(), g.account["key"], id)
    if found is None:
        raise unknown("there is no message with this id")
    return _json(found)


@api.get("/replies")
def replies() -> Response:
    """What people wrote, in the order in which we heard of it."""
    last, limit = _number("after", 0), _number("limit", PAGE)
    if not 1 <= limit <= LONGEST_PAGE:
        raise invalid("limit", f"{limit} is not possible", f"From 1 to {LONGEST_PAGE}")
    found = replies_after(_app(), g.account["id"], last, limit)
    return _json({"replies": found, "after": found[-1]["id"] if found else last})


# --- What is asked ---------------------------------------------------------------------------


def _letter(address: str, body: bytes) -> Letter:
    given = _given(body)
    for name, value in given.items():
        if name not in _WRITABLE:
            raise invalid(
                name, "there is no such field", f"Known: {', '.join(_WRITABLE)}"
            )
        if not isinstance(value, str) or not value.strip():
            raise invalid(name, "it must be text, and not empty", "Put it in quotes")
        if UNSTORABLE.search(value):
            told = "it holds NUL or half of a surrogate pair"
            raise invalid(name, told, "Take that out, or send whole characters")
    for name in ("text", "channel"):
        if name not in given:
            raise invalid(name, "it is missing", "Say both text and channel")
    if given["channel"] not in list(Channel):
        fix = f"One of {', '.join(Channel)}"
        raise invalid("channel", f"{given['channel']} is not a channel", fix)
    return Letter(
        **{**given, "channel": Channel(given["channel"])}, address=_address(address)
    )


def _given(body: bytes) -> Mapping[str, Any]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        fix = 'Send something like {"text": "…", "channel": "sms"}'
        raise Problem(400, "Not readable", "the body is not a JSON object", fix=fix)
    return given


def _address(text: str) -> str:
    if "@" in text:
        if mailbox := find_mailbox(text):
            return mailbox
        raise invalid("number", "it is not an email address", "As anna@mail.example")
    phone = find_phone([text], [g.account["country"]])
    if isinstance(phone, NoPhone):
        raise invalid("number", phone.reason, "Write it as +447700900100")
    return phone


def _idempotency_key() -> str:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > LONGEST_KEY:
        raise invalid("Idempotency-Key", "it is too long", f"At most {LONGEST_KEY}")
    return key


def _number(name: str, usual: int) -> int:
    given = request.args.get(name, str(usual))
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise invalid(name, f"{given} is not a whole number", "Take it from an answer")
    return int(given)


# --- What is answered ------------------------------------------------------------------------


def _json(value: object, status: int = 200) -> Response:
    text = json.dumps(value, default=_plain, ensure_ascii=False)
    return Response(text, status=status, mimetype="application/json")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _app() -> Everreach:
    app = current_app.extensions["everreach"]
    assert isinstance(app, Everreach)
    return app
