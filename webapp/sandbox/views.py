"""The sandbox's page, and the buttons on it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import (
    Blueprint,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from werkzeug import Response

from core.bootstrap import Everreach
from core.message.sms import Encoding, parts_of
from core.services import messages, setup
from core.services.lessons import forget_everybody
from core.services.views import MessageView
from webapp.loopback import require_loopback
from webapp.sandbox.cast import PICTURES, SHOP_NAME, TIME_ZONE, TRACKING
from webapp.sandbox.guard import only_our_pages
from webapp.sandbox.hands import LONGEST
from webapp.sandbox.keys import sandbox_secrets
from webapp.sandbox.ways import WAYS, setup_of
from webapp.sandbox.weather import WEATHERS
from webapp.sandbox.world import World

RATES = (1, 60, 600)

_LISTED = 20
_PICTURES = Path(__file__).parent / "pictures"
_ALPHABETS = {Encoding.GSM7: "GSM-7", Encoding.UCS2: "Unicode"}
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


@sandbox.post("/sandbox/phones/<key>")
def hand(key: str) -> Response:
    """Write an answer on a phone, or press a button there."""
    only_our_pages()
    message, index = request.form.get("message", ""), request.form.get("button")
    if index and index.isascii() and index.isdecimal():
        _world().press(key, message, int(index))
    else:
        _world().write(key, message, request.form.get("text", "")[:LONGEST])
    return _back()


@sandbox.post("/sandbox/choices")
def choose() -> Response:
    """Have messages go another way, or providers do something else wrong."""
    only_our_pages()
    way, weather = request.form.get("way", ""), request.form.get("weather", "")
    if way in WAYS:
        _world().choose(way)
        apply_way(_everreach(), way)
    elif weather in WEATHERS:
        _world().turn(weather)
    else:
        abort(400)
    return _back()


@sandbox.get("/sandbox/pictures/<name>")
def picture(name: str) -> Response:
    """What the shop's own site shows."""
    return send_from_directory(_PICTURES, name)


@sandbox.get("/sandbox/track/<number>")
def track(number: str) -> str:
    """The parcel service's page, to which links in messages lead."""
    return render_template("sandbox_track.html", number=number)


def apply_way(everreach: Everreach, way: str) -> None:
    """Set the account up so that its messages go one of the ways."""
    setup.apply(everreach, setup_of(way), sandbox_secrets(everreach.settings))


def opened(url: str) -> str:
    """Where a phone finds an address: those of the shop and its parcels are played here."""
    if url.startswith(TRACKING):
        return url_for("sandbox.track", number=url.removeprefix(TRACKING))
    if url.startswith(PICTURES):
        return url_for("sandbox.picture", name=url.removeprefix(PICTURES))
    return url


def sms_length(text: str) -> str:
    """In how many parts an SMS came, and in which alphabet: `2 parts · GSM-7`."""
    parts = parts_of(text)
    count = f"{parts.count} parts" if parts.count > 1 else "1 part"
    return f"{count} · {_ALPHABETS[parts.encoding]}"


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
        "ways": WAYS,
        "weathers": WEATHERS,
        "opened": opened,
        "longest": LONGEST,
        "sms_length": sms_length,
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
