"""A short link: it leads on, and a person's click counts as having seen the message."""

import pytest
from flask.testing import FlaskClient

from core.errors import SetupErrors
from core.message.links import PATH
from tests.core.message.test_links import PHONE
from tests.support.line import Line, said
from tests.support.riverside import fulfillment
from webapp.app import build_app

WITH_LINK = (
    "{{ tracking.url | default('soon') }}\"",
    '{{ tracking.url | short }}"\n    links_live: 2d',
)
# SMS first, until the link is opened; then WhatsApp.
CLICKED = (
    (
        "{channel: whatsapp, sender: wa, until: delivered, wait: 30m}",
        "{channel: sms, sender: sms, until: clicked, wait: 30m}",
    ),
    ("{channel: sms, sender: sms, wait: 24h}", "{channel: whatsapp, sender: wa}"),
)


@pytest.fixture
def visitor(line: Line) -> FlaskClient:
    return build_app(line.app).test_client()


def link(line: Line) -> str:
    text = line.message.tries[-1].text
    assert text
    return PATH + text.split(PATH)[1].split()[0]


def follow(visitor: FlaskClient, path: str, agent: str = PHONE) -> tuple[int, str]:
    answer = visitor.get(path, headers={"User-Agent": agent})
    return answer.status_code, answer.headers.get("Location", "")


def test_it_leads_on_and_a_click_ends_what_waits_for_one(
    line: Line, visitor: FlaskClient
) -> None:
    line.set_up(WITH_LINK, *CLICKED)
    line.ship()
    path = link(line)

    assert len(path) < 15
    assert follow(visitor, path) == (302, "https://track.example/RR000000001SE")
    line.work()
    assert line.message.status == "clicked"
    assert "The link was opened on SMS." in said(line.message)
    line.later(minutes=31)
    assert [one.channel for one in line.message.tries] == ["sms"]


def test_whoever_looks_ahead_is_led_on_and_does_not_count(
    line: Line, visitor: FlaskClient
) -> None:
    line.set_up(WITH_LINK, *CLICKED)
    line.ship()

    assert follow(visitor, link(line), "WhatsApp/2.24")[0] == 302
    assert visitor.head(link(line), headers={"User-Agent": PHONE}).status_code == 302
    line.later(minutes=31)
    told = "Sending by WhatsApp because SMS was not clicked within 30 min."
    assert told in said(line.message)


def test_a_late_click_calls_off_what_has_not_gone_out(
    line: Line, visitor: FlaskClient
) -> None:
    line.set_up(WITH_LINK, *CLICKED)
    line.ship()
    path = link(line)
    line.clock.advance(minutes=31)
    follow(visitor, path)
    line.work()

    assert line.message.status == "clicked"
    assert [one.status for one in line.message.tries] == ["clicked"]


def test_a_click_shows_that_the_channel_is_alive_and_reading_is_not_reported(
    line: Line, visitor: FlaskClient
) -> None:
    by_whatsapp = ('"{{ order.name }}"]', '"{{ tracking.url | short }}"]')
    line.set_up(by_whatsapp, ("until: delivered", "until: read"))
    first = line.ship()
    line.report(first.tries[0], "sent", "delivered")
    text = first.tries[0].text
    assert text
    follow(visitor, PATH + text.split(PATH)[1])
    line.work()
    assert line.message.status == "clicked"

    second = line.ship_next(2)
    line.report(second.tries[0], "sent", "delivered")
    line.later(minutes=31)
    assert [one.channel for one in line.about(2).tries] == ["whatsapp"]


def test_it_ends_when_it_was_to_end_and_others_cannot_be_guessed(
    line: Line, visitor: FlaskClient
) -> None:
    line.set_up(WITH_LINK, *CLICKED)
    line.ship()
    path = link(line)

    assert follow(visitor, path[:-1] + ("2" if path[-1] != "2" else "3"))[0] == 404
    line.clock.advance(days=2)
    assert follow(visitor, path)[0] == 404


def test_only_what_has_a_short_link_can_wait_for_a_click(line: Line) -> None:
    with pytest.raises(SetupErrors, match="there is no short link in the message"):
        line.set_up(*CLICKED)


def test_what_is_no_address_is_refused(line: Line) -> None:
    with pytest.raises(SetupErrors, match="#1001 is not a web address"):
        line.set_up(("tracking.url | default('soon')", "order.name | short"))


def test_what_turns_out_to_be_no_address_stops_the_step(line: Line) -> None:
    line.set_up(WITH_LINK, *CLICKED)
    line.hook(body=fulfillment(tracking_url="soon", tracking_urls=["soon"]))
    line.work()

    assert [one.channel for one in line.message.tries] == ["sms", "whatsapp"]
    assert "soon is not a web address" in " ".join(said(line.message))
