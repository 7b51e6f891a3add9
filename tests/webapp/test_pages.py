"""The templates, rendered from made-up values in an app that has nothing else."""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask, render_template
from structlog.testing import capture_logs

from core.bootstrap import Everreach
from core.cascade.commands import Because
from core.message.content import Button, ButtonKind, Media, MediaKind
from core.message.money import Money
from core.services.views import LineView, MessageView, TryView
from webapp import ui
from webapp.app import build_app
from webapp.sandbox.phones import PhoneMessage
from webapp.sandbox.ways import WAYS
from webapp.sandbox.weather import WEATHERS

ROOT = Path(ui.__file__).parent
STATIC = ROOT / "static"
CSS = (STATIC / "everreach.css").read_text()
AT = datetime(2026, 11, 24, 12, 30, 5, tzinfo=UTC)
ACCOUNT = SimpleNamespace(name="riverside", time_zone="Europe/Kyiv")
ENDPOINTS = {
    "sandbox.page": "/",
    "sandbox.live": "/sandbox/live",
    "sandbox.act": "/sandbox/orders/<id>/<action>",
    "sandbox.speed": "/sandbox/clock",
    "sandbox.reset": "/sandbox/reset",
    "sandbox.hand": "/sandbox/phones/<key>",
    "sandbox.choose": "/sandbox/choices",
    "panel.messages": "/messages",
    "panel.message": "/messages/<id>",
    "panel.message_live": "/messages/<id>/live",
}


def after(**duration: float) -> datetime:
    return AT + timedelta(**duration)


WHATSAPP = TryView(
    reference="t-1",
    step=0,
    channel="whatsapp",
    sender="shop-whatsapp",
    provider="WhatsApp",
    provider_id="wamid.1",
    status="timed_out",
    due_at=AT,
    sending_at=AT,
    accepted_at=after(seconds=1),
    sent_at=None,
    delivered_at=None,
    read_at=None,
    clicked_at=None,
    replied_at=None,
    asked=False,
    failed_at=None,
    failure_code=None,
    failure_detail=None,
    text="Hi Anna, order #1001 is on its way.",
    parts=None,
    length="",
    cost="about 0.0171 USD",
    estimate=Money(micros=17_100, currency="USD"),
    price=None,
    price_source=None,
    category="utility",
)
SMS = replace(
    WHATSAPP,
    reference="t-2",
    step=1,
    channel="sms",
    provider="Twilio",
    provider_id="SM1",
    status="delivered",
    due_at=after(minutes=30),
)
FINISHED = MessageView(
    id="m-1",
    account="riverside",
    time_zone="Europe/Kyiv",
    reminder="Order shipped",
    reminder_version=3,
    event="order shipped",
    event_id=12,
    subject="order:1001",
    recipient_name="Anna <Berg>",
    recipient_phone="+380501234567",
    status="delivered",
    headline="Delivered by SMS, 30 min after the first try",
    created_at=AT,
    deadline_at=None,
    last_step_by=None,
    expires_at=None,
    finished_at=after(minutes=31),
    cost="about 0.0342 USD",
    tries=(WHATSAPP, SMS),
    timeline=(
        LineView(at=AT, because="trying", channel="whatsapp", sentence="First try."),
        LineView(
            at=after(minutes=30, seconds=9),
            because="timed_out",
            channel="whatsapp",
            sentence="WhatsApp did not arrive in time.",
        ),
    ),
)
WAITING = replace(
    FINISHED,
    id="m-2",
    status="waiting",
    headline="Waiting for WhatsApp",
    deadline_at=after(minutes=30),
    finished_at=None,
    tries=(replace(WHATSAPP, status="accepted"),),
)
MESSAGES = [WAITING, FINISHED]
CLOCK = SimpleNamespace(now=after(minutes=10), rate=60)


def received(channel: str, **over: Any) -> PhoneMessage:
    whole: dict[str, Any] = {
        "id": f"{channel}-1",
        "channel": channel,
        "text": "Hi! <b> See https://track.example/1",
        "at": AT,
        "status": "read",
        "provider": "vonage",
        "from_name": "+15005550006",
        "subject": "On its way" if channel == "email" else "",
        "html": "<script>alert(1)</script>",
        "media": Media(kind=MediaKind.IMAGE, url="https://shop.example/parcel.png"),
        "buttons": (
            Button(kind=ButtonKind.LINK, text="Track", value="https://track.example/1"),
            Button(kind=ButtonKind.REPLY, text="Yes", value="confirm"),
            Button(kind=ButtonKind.CODE, text="Copy", value="1234"),
        ),
        "own": False,
    }
    return PhoneMessage(**(whole | over))


OWN = received("sms", id="own-1", text="Thanks", own=True, media=None, buttons=())


def phone(key: str, kind: str, *, on: bool = True, told: str = "") -> SimpleNamespace:
    return SimpleNamespace(
        key=key,
        name=key.title(),
        number="+46701740605",
        kind=kind,
        label=f"Label of {key}",
        hint="What will happen.",
        on=on,
        messages=(received(told), OWN) if told else (),
    )


def order(number: int, state: str, label: str | None) -> SimpleNamespace:
    return SimpleNamespace(
        id=str(number),
        name=f"#{number}",
        item="Linen shirt",
        customer="Anna",
        phone="anna",
        state=state,
        next_action=label,
        action="ship" if label else None,
    )


WORLD = SimpleNamespace(
    orders=(order(1001, "new", "Ship"), order(1002, "delivered", None)),
    phones=(
        phone("anna", "reachable", told="whatsapp"),
        phone("bengt", "no_whatsapp", told="sms"),
        phone("david", "switched_off", on=False),
        phone("ebba", "no_such_number", on=False),
        phone("filip", "something new"),
        *(phone(one, "reachable", told=one) for one in ("viber", "rcs", "email")),
    ),
    way="whatsapp-sms",
    weather="late",
)


@dataclass(frozen=True)
class Pages:
    """Renders a template as a request to `path` would."""

    app: Flask

    def __call__(self, template: str, path: str = "/", **values: Any) -> str:
        with self.app.test_request_context(path):
            return render_template(template, **values)

    def sandbox(
        self, template: str = "sandbox.html", path: str = "/", **over: Any
    ) -> str:
        values = {
            "world": WORLD,
            "clock": CLOCK,
            "next_deadline_at": after(minutes=30),
            "messages": MESSAGES,
            "selected": WAITING,
            "account": ACCOUNT,
            "ways": WAYS,
            "weathers": WEATHERS,
            "opened": lambda url: url.replace("https://shop.example", "/pictures"),
            "sms_length": lambda text: "2 parts · GSM-7",
            "longest": 300,
        }
        return self(template, path, **(values | over))


def bare() -> Flask:
    app = Flask("webapp", root_path=str(ROOT))
    ui.install(app)
    return app


@pytest.fixture
def pages() -> Pages:
    app = bare()
    for endpoint, rule in ENDPOINTS.items():
        app.add_url_rule(rule, endpoint, lambda **_: "")
    return Pages(app)


def every_page(pages: Pages) -> dict[str, str]:
    nothing: dict[str, Any] = {
        "messages": [],
        "selected": None,
        "next_deadline_at": None,
    }
    return {
        "sandbox": pages.sandbox(),
        "sandbox, nothing sent": pages.sandbox(**nothing),
        "sandbox, live": pages.sandbox("sandbox_live.html"),
        "sandbox, gone message": pages.sandbox(selected=None),
        "messages": pages("messages.html", messages=MESSAGES, next_cursor="c-9"),
        "messages, none": pages("messages.html", messages=[], next_cursor=None),
        "message": pages("message.html", message=FINISHED, clock=CLOCK),
        "message, waiting": pages("message.html", message=WAITING, clock=CLOCK),
        "message, live": pages("message_live.html", message=WAITING, clock=CLOCK),
        "running": pages("plain.html"),
        "not found": pages("plain.html", code=404),
        "too large": pages("plain.html", code=413),
        "broken": pages("plain.html", code=500, incident="0f3a"),
        "refused": pages("plain.html", code=403),
    }


def test_no_page_needs_more_than_the_strict_policy(pages: Pages) -> None:
    for name, html in every_page(pages).items():
        assert not re.search(r"\s(style|on\w+|hx-on[\w:-]*)\s*=", html), name
        assert "<style" not in html, name
        assert not re.search(r"<script(?![^>]* src=)", html), name
        assert "javascript:" not in html, name


def test_no_page_loads_anything_from_elsewhere(pages: Pages) -> None:
    for name, html in every_page(pages).items():
        # Only a link in a message leads elsewhere, once somebody presses it.
        loaded = r'<(?!a )[^>]*(src|href|action)="(https?:)?//'
        assert not re.search(loaded, html), name


def test_ids_are_unique_so_that_morphing_keeps_what_stays(pages: Pages) -> None:
    for name, html in every_page(pages).items():
        ids = re.findall(r'\sid="([^"]*)"', html)
        assert len(ids) == len(set(ids)), name


def test_every_icon_a_page_names_is_in_the_sprite(pages: Pages) -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text()))
    for name, html in every_page(pages).items():
        assert set(re.findall(r'icons\.svg#([^"]+)"', html)) <= drawn, name
    tables = (
        ui.MESSAGE_FACES,
        ui.TRY_FACES,
        ui.LINE_FACES,
        ui.CHANNEL_FACES,
        ui.ORDER_FACES,
    )
    assert {face.icon for table in tables for face in table.values()} <= drawn
    assert set(ui.PHONE_ICONS.values()) <= drawn


def test_the_sandbox_shows_shop_phones_and_timeline(pages: Pages) -> None:
    html = pages.sandbox()
    assert "Nothing leaves this machine." in html
    assert 'action="/sandbox/orders/1001/ship"' in html
    assert "All done" in html
    assert all(f"Label of {one.key}" in html for one in WORLD.phones)
    assert "Switched off" in html
    assert "Nobody has this number" in html
    assert "Waiting for WhatsApp" in html
    assert "in <b>20 min</b> (20 s at this speed)" in html
    assert '<progress class="line-wait" value="600" max="1800"' in html
    assert re.search(r'value="60" aria-pressed="true"', html)
    assert 'name="skip" value="next"' in html


def test_nothing_is_skipped_to_that_is_about_to_happen(pages: Pages) -> None:
    for due in (None, after(minutes=10), after(minutes=10, seconds=50)):
        assert 'name="skip"' not in pages.sandbox(next_deadline_at=due)


def test_channels_are_told_apart_by_word_and_look(pages: Pages) -> None:
    html = pages.sandbox()
    for channel, face in ui.CHANNEL_FACES.items():
        look = f'class="bubble bubble-{channel} bubble-is-{channel}">'
        assert re.search(f"{look}.*?<b>{face.word}</b>", html, re.S)
        assert f".bubble-{channel} {{" in CSS
    assert html.count("2 parts · GSM-7") == 1
    assert html.count('class="bubble-subject">On its way<') == 1


def test_a_phone_shows_what_can_be_seen_pressed_and_opened(pages: Pages) -> None:
    html = pages.sandbox()
    assert '<img class="bubble-picture" src="/pictures/parcel.png" alt="' in html
    link = '<a class="button" href="https://track.example/1" target="_blank"'
    assert f'{link} rel="noopener">' in html
    assert '<button name="button" value="1">' in html
    assert 'data-copy="1234"' in html
    assert 'Hi! &lt;b&gt; See <a href="https://track.example/1" rel="noopener"' in html
    assert "<script>alert" not in html


def test_what_is_from_elsewhere_is_named_and_not_loaded(pages: Pages) -> None:
    html = pages.sandbox(opened=lambda url: url)
    assert "bubble-picture" not in html
    assert "parcel.png</p>" in html


def test_one_answers_where_somebody_listens(pages: Pages) -> None:
    html = pages.sandbox()
    assert html.count('class="composer"') == 5
    assert '<option value="late" selected>' in html
    named = received("sms", from_name="Riverside")
    assert not named.answerable
    assert received("sms", from_name="+15005550006").answerable


def test_an_empty_sandbox_invites(pages: Pages) -> None:
    html = pages.sandbox(messages=[], selected=None, next_deadline_at=None)
    assert "No message has gone out yet" in html
    assert "Nothing is waiting for the clock." in html


def test_the_sandbox_keeps_polling_for_the_message_in_the_address(pages: Pages) -> None:
    html = pages.sandbox("sandbox_live.html", "/?message=m-2")
    assert 'hx-get="/sandbox/live?message=m-2" hx-trigger="every 1s"' in html
    assert "Follow the newest" in html
    assert 'hx-get="/sandbox/live" hx-trigger' in pages.sandbox("sandbox_live.html")


def test_the_list_says_who_which_way_and_how_it_ended(pages: Pages) -> None:
    html = pages("messages.html", messages=MESSAGES, next_cursor="c-9")
    assert "Anna &lt;Berg&gt;" in html
    assert "••• 567" in html
    assert "+380501234567" not in html
    assert "Tue 24 Nov, 14:30" in html
    assert re.search(r"WhatsApp.*Timed out.*SMS.*Delivered", html, re.S)
    assert 'href="/messages?before=c-9"' in html


def test_the_last_page_of_the_list_leads_back(pages: Pages) -> None:
    path = "/messages?before=c-9"
    html = pages("messages.html", path, messages=MESSAGES, next_cursor=None)
    assert "Newest" in html
    assert 'rel="next"' not in html


def test_each_time_in_the_list_is_local_to_its_account(pages: Pages) -> None:
    elsewhere = replace(FINISHED, id="m-3", time_zone="America/New_York")
    alike = pages("messages.html", messages=MESSAGES, next_cursor=None)
    mixed = pages("messages.html", messages=[WAITING, elsewhere], next_cursor=None)
    assert "Times are in Europe/Kyiv." in alike
    assert "Times are local to each account." in mixed
    assert "Tue 24 Nov, 07:30" in mixed


def test_a_message_tells_its_story(pages: Pages) -> None:
    html = pages("message.html", message=FINISHED, clock=CLOCK)
    assert "Delivered by SMS, 30 min after the first try</h1>" in html
    assert "30 min 9 s later" in html
    assert 'data-copy="wamid.1"' in html
    assert "Order shipped, version 3" in html
    assert "Hi Anna, order #1001 is on its way." in html


def test_what_a_message_costs_is_said_of_each_try_and_of_all(pages: Pages) -> None:
    free = replace(SMS, cost="not charged")
    message = replace(FINISHED, tries=(WHATSAPP, free))
    html = pages("message.html", message=message, clock=CLOCK)
    costs = re.findall(r"<dt>Cost</dt><dd>([^<]*)</dd>", html)
    assert costs == ["about 0.0171 USD", "not charged", "about 0.0342 USD"]

    listed = pages("messages.html", messages=[FINISHED, replace(FINISHED, cost="")])
    cells = re.findall(r'class="cell-cost">([^<]*)</td>', listed)
    assert cells == ["about 0.0342 USD", ""]


def test_a_message_says_until_when_it_may_send(pages: Pages) -> None:
    by, until = after(minutes=90), after(hours=2)
    message = replace(WAITING, last_step_by=by, expires_at=until)
    told = re.sub(r"<[^>]+>", "", pages("message.html", message=message, clock=CLOCK))
    assert "The last step begins by Tue 24 Nov, 16:00:05 at the latest" in told
    assert "Nothing is sent after Tue 24 Nov, 16:30:05." in told
    over = replace(message, finished_at=until)
    assert "Nothing is sent" not in pages("message.html", message=over, clock=CLOCK)


def test_a_failed_try_says_why(pages: Pages) -> None:
    failed = replace(
        WHATSAPP, status="failed", failure_code="131026", failure_detail="Not there."
    )
    message = replace(FINISHED, tries=(failed,))
    html = pages("message.html", message=message, clock=CLOCK)
    assert "Not there." in html
    assert "<code>131026</code>" in html


def test_polling_ends_when_the_message_is_finished(pages: Pages) -> None:
    live = 'hx-get="/messages/m-2/live" hx-trigger="every 2s"'
    assert live in pages("message_live.html", message=WAITING, clock=CLOCK)
    done = pages("message_live.html", message=FINISHED, clock=CLOCK)
    assert "hx-trigger" not in done


def test_a_message_under_way_says_how_much_of_the_wait_is_left(pages: Pages) -> None:
    html = pages("message_live.html", message=WAITING, clock=CLOCK)
    assert "20 min left" in html
    assert '<progress class="line-wait" value="600" max="1800"' in html


@pytest.mark.parametrize(
    ("code", "title"),
    [
        (None, "Everreach is running"),
        (404, "This page does not exist"),
        (413, "That was too much at once"),
        (500, "Something broke on our side"),
        (403, "That was refused"),
    ],
)
def test_a_plain_page_stands_without_the_sandbox(code: int | None, title: str) -> None:
    html = Pages(bare())("plain.html", code=code)
    assert f"<h1>{title}</h1>" in html
    assert "Sandbox" not in html
    assert ("everreach apply" in html) is (code is None)


def test_a_bug_shows_an_id_that_the_log_knows() -> None:
    here = SimpleNamespace(settings=SimpleNamespace(sandbox=False))
    app = build_app(cast("Everreach", here))
    app.add_url_rule("/broken", view_func=lambda: 1 // 0)
    with capture_logs() as logs:
        answer = app.test_client().get("/broken")
    (line,) = logs
    assert (answer.status_code, line["event"]) == (500, "request_broke")
    assert isinstance(line["exc_info"], ZeroDivisionError)
    assert f"<code>{line['incident']}</code>" in answer.text
    assert "Something broke on our side" in answer.text


def test_a_refusal_of_the_app_is_a_plain_page() -> None:
    here = SimpleNamespace(settings=SimpleNamespace(sandbox=False))
    client = build_app(cast("Everreach", here)).test_client()
    assert "Everreach is running" in client.get("/").text
    missing = client.get("/nowhere")
    assert missing.status_code == 404
    assert "This page does not exist" in missing.text


def test_the_first_line_has_an_icon_of_its_own() -> None:
    assert ui.line_face("started").icon == "bolt"


@pytest.mark.parametrize("because", Because)
def test_every_kind_of_line_has_a_face(because: Because) -> None:
    assert because in ui.LINE_FACES


def test_a_value_nobody_foresaw_still_has_a_word() -> None:
    assert ui.try_face("lost_at_sea").word == "Lost at sea"
    assert ui.channel_face("carrier_pigeon").word == "Carrier pigeon"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0.4, "0 s"),
        (9, "9 s"),
        (309, "5 min 9 s"),
        (1800, "30 min"),
        (3605, "1 h"),
        (7500, "2 h 5 min"),
        (93600, "1 d 2 h"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, words: str) -> None:
    assert ui.duration(timedelta(seconds=seconds)) == words


def test_times_are_in_the_zone_of_the_account() -> None:
    assert ui.clock_time(AT, "Europe/Kyiv") == "14:30:05"
    assert ui.minute(AT, "America/New_York") == "07:30"
    assert ui.day(after(hours=11), "Europe/Kyiv") == "Wed 25 Nov"
    assert ui.moment(AT, "Europe/Kyiv") == "24 Nov 2026, 14:30:05 Europe/Kyiv"


def test_a_phone_number_keeps_its_last_three_digits() -> None:
    assert ui.mask("+380501234567") == "••• 567"
    assert ui.mask(None) == "no phone number"


def test_tries_of_one_step_are_one_hop() -> None:
    busy = replace(WHATSAPP, status="failed")
    message = replace(FINISHED, tries=(busy, busy, WHATSAPP, SMS))
    hops = [(hop.channel.word, hop.outcome.word, hop.tries) for hop in ui.path(message)]
    assert hops == [("WhatsApp", "Timed out", 3), ("SMS", "Delivered", 1)]


def test_a_wait_is_measured_from_the_first_try_of_its_step() -> None:
    again = replace(WHATSAPP, due_at=after(minutes=1))
    message = replace(WAITING, tries=(WHATSAPP, again))
    assert ui.awaited(message, after(minutes=10)) == (600, 1800)
    assert ui.awaited(message, after(hours=2)) == (1800, 1800)
    assert ui.awaited(FINISHED, AT) is None


def vendored() -> list[tuple[str, str]]:
    text = (STATIC / "vendor" / "README.md").read_text()
    return re.findall(r"^\| `([^`]+)` .* `([0-9a-f]{64})` \|$", text, re.M)


def test_vendored_files_are_listed_with_their_checksums() -> None:
    listed = dict(vendored())
    for name, checksum in listed.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == checksum
    scripts = {f"vendor/{path.name}" for path in (STATIC / "vendor").glob("*.js")}
    assert scripts | {"icons.svg"} == set(listed)


def test_vendored_files_come_with_their_licences() -> None:
    text = (STATIC / "vendor" / "README.md").read_text()
    for name in re.findall(r"`([\w-]+-LICENSE\.txt)`", text):
        assert (STATIC / "vendor" / name).read_text()


def test_our_own_script_stays_small() -> None:
    assert (STATIC / "everreach.js").stat().st_size <= 4096
