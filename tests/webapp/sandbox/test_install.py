"""The sandbox inside the real app: its account, its page and its buttons."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from connectors.registry import load_registry
from core.bootstrap import Everreach, open_everreach
from core.clock import FastClock, SystemClock
from core.errors import SetupError
from core.services import messages
from core.store import migrate, tables
from tests.webapp.sandbox.conftest import settings_for
from webapp import sandbox
from webapp.app import build_app
from webapp.sandbox.ways import WAYS
from webapp.sandbox.world import World

ACCOUNT = {
    "key": "clinic",
    "name": "Clinic",
    "time_zone": "Europe/Rome",
    "currency": "EUR",
    "country": "IT",
    "quiet_hours": [],
}


@pytest.fixture
def everreach(tmp_path, port, redis_url) -> Iterator[Everreach]:
    settings = settings_for(tmp_path, port, REDIS_URL=redis_url)
    settings.home.mkdir(parents=True)
    migrate.upgrade(settings)
    with open_everreach(settings, load_registry()) as opened:
        yield opened


@pytest.fixture
def web(everreach: Everreach) -> Iterator[Flask]:
    app = build_app(everreach)
    yield app
    world_of(app).stop()
    world_of(app).close()


@pytest.fixture
def client(web: Flask) -> FlaskClient:
    return web.test_client()


def world_of(web: Flask) -> World:
    return web.extensions["sandbox"]


def test_sets_up_its_account(web, everreach):
    with everreach.store.read() as tx:
        accounts = tx.execute(select(tables.accounts.c.key)).scalars().all()
        reminders = tx.execute(select(tables.reminders.c.key)).scalars().all()
    assert accounts == ["sandbox"]
    assert sorted(reminders) == ["order-delivered", "order-shipped", "out-for-delivery"]


def test_installing_again_changes_nothing(web, everreach):
    again = build_app(everreach)
    world_of(again).stop()
    with everreach.store.read() as tx:
        versions = tx.execute(select(tables.reminders.c.version)).scalars().all()
    assert versions == [1, 1, 1]
    assert world_of(again).snapshot() == world_of(web).snapshot()
    world_of(again).close()


def test_refuses_the_database_of_others(everreach):
    with everreach.store.write() as tx:
        tx.execute(insert(tables.accounts).values(ACCOUNT))
    with pytest.raises(SetupError, match="clinic"):
        sandbox.install(Flask("web"), everreach)


def test_refuses_real_time(everreach):
    with pytest.raises(SetupError, match="clock"):
        sandbox.install(Flask("web"), replace(everreach, clock=SystemClock()))


@pytest.mark.parametrize("path", ["/", "/sandbox/live", "/?message=unknown"])
def test_shows_the_page(client, path):
    page = client.get(path)
    assert page.status_code == 200
    assert "Linen apron" in page.text
    assert "Astrid Lindqvist" in page.text


def test_an_order_moves_on_and_the_page_comes_back(web, client):
    order = world_of(web).snapshot().orders[0]
    answer = client.post(
        f"/sandbox/orders/{order.id}/ship",
        headers={"Referer": "http://localhost/?message=m1"},
    )
    assert (answer.status_code, answer.location) == (303, "/?message=m1")
    assert world_of(web).snapshot().orders[0].state == "shipped"


@pytest.mark.parametrize("way", WAYS)
def test_messages_go_the_way_that_was_chosen(web, everreach, client, way):
    client.post("/sandbox/choices", data={"way": way})
    again = build_app(everreach)
    world_of(again).stop()
    went = " → ".join(channels(everreach, "order-shipped"))
    all_five = {"all": "whatsapp → viber → rcs → sms → email"}
    assert world_of(again).snapshot().way == way
    assert went == all_five.get(way, WAYS[way].label.lower())
    world_of(again).close()


def channels(everreach: Everreach, reminder: str) -> list[str]:
    kept = tables.reminders.c
    asked = select(kept.definition).where(kept.key == reminder, kept.active)
    with everreach.store.read() as tx:
        definition = tx.execute(asked).scalar_one()
    return [step["channel"] for step in definition["steps"]]


def test_providers_do_wrong_what_was_chosen(web, client):
    client.post("/sandbox/choices", data={"weather": "twice"})
    assert world_of(web).snapshot().weather == "twice"
    client.post("/sandbox/reset")
    assert world_of(web).snapshot().weather == "fine"


@pytest.mark.parametrize("form", [{}, {"way": "by pigeon"}, {"weather": "hail"}])
def test_what_is_no_choice_is_refused(client, form):
    assert client.post("/sandbox/choices", data=form).status_code == 400


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"message": "m", "text": "Hello"},
        {"message": "m", "button": "0"},
        {"message": "m", "button": "-1"},
    ],
)
@pytest.mark.parametrize("phone", ["astrid", "nobody"])
def test_a_message_that_is_not_there_cannot_be_answered(client, web, phone, form):
    assert client.post(f"/sandbox/phones/{phone}", data=form).status_code == 303
    assert all(not one.messages for one in world_of(web).snapshot().phones)


def test_links_and_pictures_of_the_shop_are_played_here(client):
    with client.get("/sandbox/pictures/parcel.png") as picture:
        assert (picture.status_code, picture.mimetype) == (200, "image/png")
    assert client.get("/sandbox/pictures/..%2fsandbox.yaml").status_code == 404
    assert "RS1SE" in client.get("/sandbox/track/RS1SE").text


def test_starting_over(web, client):
    before = world_of(web).snapshot().orders
    assert client.post("/sandbox/reset").location == "/"
    assert world_of(web).snapshot().orders != before


@pytest.mark.parametrize("rate", [1, 60, 600])
def test_the_clock_runs_faster(everreach, client, rate):
    client.post("/sandbox/clock", data={"rate": rate})
    assert clock_of(everreach).pace().rate == rate


@pytest.mark.parametrize("form", [{}, {"rate": "7"}, {"rate": "x"}, {"skip": "all"}])
def test_the_clock_knows_three_speeds(client, form):
    assert client.post("/sandbox/clock", data=form).status_code == 400


def test_skips_to_shortly_before_the_deadline(everreach, client, monkeypatch):
    deadline_at = everreach.clock.now() + timedelta(minutes=30)
    monkeypatch.setattr(messages, "next_deadline", lambda _: deadline_at)
    client.post("/sandbox/clock", data={"skip": "next"})
    left = deadline_at - everreach.clock.now()
    assert timedelta(seconds=5) < left <= timedelta(seconds=10)
    client.post("/sandbox/clock", data={"skip": "next"})
    assert everreach.clock.now() < deadline_at


def clock_of(everreach: Everreach) -> FastClock:
    assert isinstance(everreach.clock, FastClock)
    return everreach.clock


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:9"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
@pytest.mark.parametrize(
    "path", ["orders/1/ship", "clock", "reset", "choices", "phones/astrid"]
)
def test_other_sites_push_no_buttons(client, path, headers):
    data = {"rate": "60"}
    answer = client.post(f"/sandbox/{path}", headers=headers, data=data)
    assert answer.status_code == 403


def test_our_own_page_does(client):
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    assert client.post("/sandbox/reset", headers=headers).status_code == 303


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("192.0.2.1", "localhost"),
        ("::ffff:192.0.2.1", "localhost"),
        ("", "localhost"),
        ("127.0.0.1", "evil.example"),
        ("127.0.0.1", "127.0.0.1.evil.example"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/sandbox/live"),
        ("POST", "/sandbox/reset"),
        ("POST", "/sandbox/clock"),
        ("POST", "/sandbox/choices"),
        ("POST", "/sandbox/phones/astrid"),
        ("POST", "/sandbox/orders/1/ship"),
        ("POST", "/sandbox/world/meta/v25.0/1/messages"),
        ("POST", "/sandbox/world/twilio/2010-04-01/Accounts/AC1/Messages.json"),
    ],
)
def test_is_not_there_for_others(client, method, path, address, host):
    answer = client.open(
        path,
        method=method,
        environ_base={"REMOTE_ADDR": address},
        headers={"Host": host},
    )
    assert answer.status_code == 404
