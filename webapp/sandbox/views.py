"""The sandbox's page, and the buttons on it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import (
    Blueprint,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug import Response

from core.bootstrap import Everreach
from core.services import messages
from core.services.lessons import forget_everybody
from core.services.views import MessageView
from webapp.loopback import require_loopback
from webapp.sandbox.cast import SHOP_NAME, TIME_ZONE
from webapp.sandbox.guard import only_our_pages
from webapp.sandbox.world import World

RATES = (1, 60, 600)

_LISTED = 20
# What is on its way arrives during this much real time before the skipped-to deadline.
_BEFORE = timedelta(seconds=10)

sandbox = Blueprint("sandbox", __name__)
sandbox.before_request(require_loopback)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """The sandbox's time and how fast it runs."""

    now: datetime
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """Whose sandbox it is."""

    name: str
    time_zone: str


@sandbox.get("/")
def page() -> str:
    """Everything."""
    return render_template("sandbox.html", **_shown())


@sandbox.get("/sandbox/live")
def live() -> str:
    """What changes by itself."""
    return render_template("sandbox_live.html", **_shown())


@sandbox.post("/sandbox/orders/<id>/<action>")
def act(id: str, action: str) -> Response:
    """Move an order on."""
    only_our_pages()
    _world().act(id, action)
    return _back()


@sandbox.post("/sandbox/clock")
def speed() -> Response:
    """Run faster or slower, or jump to just before the next deadline."""
    only_our_pages()
    rate = request.form.get("rate", type=int)
    if request.form.get("skip") == "next":
        _skip_to_deadline()
    elif rate in RATES:
        _world().clock.run(rate)
    else:
        abort(400)
    return _back()


@sandbox.post("/sandbox/reset")
def reset() -> Response:
    """Start over, as if nobody had been met before."""
    only_our_pages()
    _world().reset()
    forget_everybody(_everreach())
    return _back()


def _skip_to_deadline() -> None:
    """At the pace of real time, so that the jump itself makes nothing late."""
    clock = _world().clock
    deadline_at = messages.next_deadline(_everreach())
    if deadline_at and deadline_at - _BEFORE > clock.now():
        clock.run(1)
        clock.skip(deadline_at - _BEFORE - clock.now())


def _shown() -> dict[str, Any]:
    world, everreach = _world(), _everreach()
    pace = world.clock.pace()
    listed = messages.list_messages(everreach, limit=_LISTED)
    return {
        "world": world.snapshot(),
        "clock": ClockView(now=world.clock.now(), rate=pace.rate if pace else 1),
        "next_deadline_at": messages.next_deadline(everreach),
        "messages": listed,
        "selected": _selected(everreach, listed),
        "account": AccountView(name=SHOP_NAME, time_zone=TIME_ZONE),
    }


def _selected(everreach: Everreach, listed: list[MessageView]) -> MessageView | None:
    """The one that was asked for, else the newest."""
    if message_id := request.args.get("message"):
        return messages.get_message(everreach, message_id)
    return listed[0] if listed else None


def _back() -> Response:
    """To the page, where the message that was pinned there still is."""
    pinned = parse_qs(urlsplit(request.referrer or "").query).get("message", [None])
    return redirect(url_for("sandbox.page", message=pinned[0]), code=303)


def _world() -> World:
    world: World = current_app.extensions["sandbox"]
    return world


def _everreach() -> Everreach:
    everreach: Everreach = current_app.extensions["everreach"]
    return everreach
