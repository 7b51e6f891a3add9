"""The screens. Until sign-in exists they are for the sandbox, on this machine, only."""

from typing import Any

from flask import Blueprint, abort, current_app, render_template, request

from core.bootstrap import Everreach
from core.services.messages import PAGE, get_message, list_messages
from core.services.notices import list_notices
from webapp.languages import translate
from webapp.loopback import require_loopback

panel = Blueprint("panel", __name__)
panel.before_request(require_loopback)


@panel.get("/messages")
def messages() -> str:
    """Find one and see what happened."""
    before = request.args.get("before")
    found = list_messages(_app(), before=before, limit=PAGE + 1, translate=translate)
    return render_template(
        "messages.html",
        messages=found[:PAGE],
        next_cursor=found[PAGE - 1].id if len(found) > PAGE else None,
        notices=list_notices(_app(), translate=translate),
    )


@panel.get("/messages/<id>")
def message(id: str) -> str:
    """Did she get it, and why this way?"""
    return render_template("message.html", **_shown(id))


@panel.get("/messages/<id>/live")
def message_live(id: str) -> str:
    """The part of the page that changes while a message is under way."""
    return render_template("message_live.html", **_shown(id))


def _shown(id: str) -> dict[str, Any]:
    message = get_message(_app(), id, translate) or abort(404)
    return {
        "message": message,
        "notices": list_notices(_app(), account=message.account, translate=translate),
        "clock": {"now": _app().clock.now()},
    }


def _app() -> Everreach:
    app = current_app.extensions["everreach"]
    assert isinstance(app, Everreach)
    return app
