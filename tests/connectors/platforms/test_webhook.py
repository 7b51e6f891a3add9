import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.config import load
from connectors.platforms.webhook import PLATFORM
from core.errors import BadSignature, Malformed, SetupError
from core.ports import Contact, Happening, InboundRequest
from tests.support.riverside import NOW

SECOND = timedelta(seconds=1)
BOOKED = "platforms/webhook/appointment_booked"
ANNA = Contact(
    phones=("070-174 06 05",),
    countries=("SE",),
    email="anna@example.com",
    first_name="Anna",
    last_name="Lind",
    locale="sv",
    time_zone="Europe/Stockholm",
)


@pytest.fixture
def translate(inbound):
    def read(stem, **changes):
        request = inbound(f"platforms/webhook/{stem}")
        body = json.dumps({**json.loads(request.body), **changes}).encode()
        [happening] = PLATFORM.translate(replace(request, body=body))
        return happening

    return read


def test_a_booking_says_who_and_when(translate):
    assert translate("appointment_booked") == Happening(
        name="appointment.booked",
        subject="webhook:visit-42",
        contact=ANNA,
        fields={
            "appointment.starts_at": "2026-11-24T10:00:00+01:00",
            "appointment.title": "Check-up",
        },
        at=datetime(2026, 11, 24, 9, tzinfo=UTC),
        time_zone="Europe/Rome",
    )


def test_a_cancellation_needs_no_more_than_its_subject(translate):
    assert translate("appointment_cancelled") == Happening(
        name="appointment.cancelled",
        subject="webhook:visit-42",
        contact=Contact(),
        fields={},
    )


@pytest.mark.parametrize(
    ("stem", "at"),
    [
        ("payment_upcoming", datetime(2026, 11, 30, 23, tzinfo=UTC)),
        ("order_shipped", None),
    ],
)
def test_an_event_has_its_moment_if_there_is_one(translate, stem, at):
    assert translate(stem).at == at


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"event": "appointment.bookd"}, "body.event 'appointment.bookd' is not an event"),
        ({"event": None}, "body.event is missing"),
        ({"subject": ""}, "body.subject is empty"),
        ({"at": None}, "body.at is missing"),
        ({"at": "tomorrow"}, "body.at is not a time such as 2026-11-24T10:00:00+01:00"),
        ({"at": "2026-11-24T10:00"}, "body.at is not a time with its offset, such as +01:00 or Z"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "body.at is not a time between 1970 and 2999"),
        ({"time_zone": "Rome"}, "body.time_zone is not a time zone such as Europe/Rome"),
        ({"contact": {"time_zone": "CET+1"}}, "body.contact.time_zone is not a time zone such as Europe/Rome"),
        ({"contact": "Anna"}, "body.contact is not an object"),
        ({"contact": {"phone": 70}}, "body.contact.phone is not text"),
        ({"fields": []}, "body.fields is not an object"),
        ({"fields": {"order.name": "x"}}, "body.fields: 'order.name' is not a field of appointment.booked"),
        ({"fields": {"appointment.title": 1}}, "body.fields.appointment.title is not text"),
    ],
)  # fmt: skip
def test_the_field_that_is_wrong_is_named(translate, changes, problem):
    with pytest.raises(Malformed) as caught:
        translate("appointment_booked", **changes)
    assert str(caught.value) == problem


def test_the_specifications_own_example_is_signed_right():
    request = InboundRequest(
        method="POST",
        url="https://ever.example/",
        headers={
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        body=b'{"test": 2432232314}',
        received_at=datetime.fromtimestamp(1614265330, UTC),
    )
    settings = load(
        PLATFORM.Config, {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "config"
    )

    PLATFORM.verify(request, settings)


@pytest.mark.parametrize("late", [300 * SECOND, 300.9 * SECOND, -300 * SECOND])
def test_five_minutes_to_the_second_are_near_enough(inbound, config, late):
    request = inbound("platforms/webhook/signed", received_at=NOW + late)

    PLATFORM.verify(request, config("platforms/webhook"))


@pytest.mark.parametrize(
    ("late", "headers"),
    [
        (301 * SECOND, {}),
        (-301 * SECOND, {}),
        (0 * SECOND, {"webhook-id": "msg_0002"}),
        (0 * SECOND, {"webhook-id": ""}),
        (0 * SECOND, {"webhook-timestamp": str(int(NOW.timestamp()) + 1)}),
        (0 * SECOND, {"webhook-timestamp": "now"}),
        (0 * SECOND, {"webhook-timestamp": "9" * 400}),
        (0 * SECOND, {"webhook-signature": ""}),
        (0 * SECOND, {"webhook-signature": "v1a,é"}),
    ],
)
def test_an_old_or_altered_message_is_refused(inbound, config, late, headers):
    request = inbound("platforms/webhook/signed", received_at=NOW + late)
    altered = replace(request, headers={**request.headers, **headers})

    with pytest.raises(BadSignature, match="webhook-"):
        PLATFORM.verify(altered, config("platforms/webhook"))


def test_a_repetition_has_the_same_id(inbound):
    request = inbound(BOOKED)

    assert PLATFORM.delivery_id(request) == "msg_0001"
    assert PLATFORM.topic(request) == ""


@pytest.mark.parametrize("secret", ["c2hvcnQ=", "whsec_c2hvcnQ=", "whsec_" + "a" * 33])
def test_a_secret_that_signs_badly_is_refused(config, secret):
    with pytest.raises(SetupError, match="Signing secret"):
        config("platforms/webhook", secret=secret)


def test_a_secret_may_have_any_length_that_the_specification_allows(config):
    for length in range(24, 65):
        secret = f"whsec_{base64.b64encode(b'x' * length).decode()}"
        assert config("platforms/webhook", secret=secret).secret == (secret,)
