"""What Twilio's own library says of the connector: the same requests, the same signatures."""

from urllib.parse import parse_qs, parse_qsl, urlencode

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from connectors.channels.twilio import CHANNEL
from connectors.channels.twilio.settings import Settings
from connectors.channels.twilio.signing import callback
from core.cascade.model import Channel
from core.errors import BadSignature
from core.message.content import Media, MediaKind, Parameter, Template, Text
from core.ports import InboundRequest
from tests.support.loopback import providers
from tests.support.riverside import NOW
from tests.support.twilio_client import twilio_client

TOKEN = "auth-token"
SETTINGS = Settings(
    account_sid="AC1", auth_token=("older", TOKEN), from_="+15005550006"
)
OURS = RequestValidator(TOKEN)

letters = st.text("aZ09éß€ &=%+/?#:;\n", max_size=5)
ports = st.sampled_from(["", ":443", ":80", ":8443"])
pairs = st.lists(st.tuples(letters, letters), max_size=4)
places = st.tuples(
    st.sampled_from(["http", "https"]),
    st.sampled_from(["/receipts/twilio/main", "/", ""]),
    st.sampled_from(["?ref=att_0001", "?a=b&ref=%C3%A9+%26", ""]),
)


def address(place, port):
    scheme, path, query = place
    return f"{scheme}://ever.example{port}{path}{query}"


def accepted(url, body, signature, kind="application/x-www-form-urlencoded"):
    headers = {"x-twilio-signature": signature, "content-type": kind}
    request = InboundRequest(
        method="POST", url=url, headers=headers, body=body, received_at=NOW
    )
    try:
        CHANNEL.verify(request, SETTINGS)
    except BadSignature:
        return False
    return True


@given(places, ports, ports, pairs, pairs | st.none(), st.sampled_from([TOKEN, "no"]))
def test_a_form_is_believed_exactly_if_twilios_validator_believes_it(
    place, seen_port, signed_port, form, signed_form, token
):
    seen, body = address(place, seen_port), urlencode(form)
    received = MultiDict(parse_qsl(body, keep_blank_values=True))
    meant = received if signed_form is None else MultiDict(signed_form)
    signature = RequestValidator(token).compute_signature(
        address(place, signed_port), meant
    )
    verdict = OURS.validate(seen, received, signature)
    event(f"believed: {verdict}")

    assert accepted(seen, body.encode(), signature) is verdict


@given(places, ports, ports, letters, letters | st.none())
def test_json_is_believed_exactly_if_twilios_validator_believes_it(
    place, seen_port, signed_port, body, signed_body
):
    digest = OURS.compute_hash(body if signed_body is None else signed_body)
    scheme, path, query = place
    place = (scheme, path, f"{query}{'&' if query else '?'}bodySHA256={digest}")
    seen = address(place, seen_port)
    signature = OURS.compute_signature(address(place, signed_port), {})
    verdict = OURS.validate(seen, body, signature)
    event(f"believed: {verdict}")

    assert accepted(seen, body.encode(), signature, "application/json") is verdict


@pytest.mark.parametrize("signature", ["", "é", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="])
def test_neither_believes_what_is_no_signature(signature):
    assert not OURS.validate("https://ever.example/", {}, signature)
    assert not accepted("https://ever.example/", b"", signature)


# --- The same request as the library's own ---

TO = "+447700900101"
HX = "HX00000000000000000000000000000001"
IMAGE = Media(kind=MediaKind.IMAGE, url="https://shop.example/mug.jpg")
BODY = (Parameter(text="Anna", name="name"), Parameter(text="Friday 👋"))


@pytest.mark.parametrize(
    ("channel", "content", "same"),
    [
        (
            Channel.SMS,
            Text(text="Grüße 👋 & more"),
            {"from_": "+447700900100", "to": TO, "body": "Grüße 👋 & more"},
        ),
        (
            Channel.WHATSAPP,
            Text(text="Look", media=IMAGE),
            {
                "from_": "whatsapp:+447700900100",
                "to": f"whatsapp:{TO}",
                "body": "Look",
                "media_url": [IMAGE.url],
            },
        ),
        (
            Channel.RCS,
            Template(template=HX, language="en", body=BODY),
            {
                "from_": "rcs:riverside_shop_agent",
                "to": f"rcs:{TO}",
                "content_sid": HX,
                "content_variables": r'{"name": "Anna", "1": "Friday \ud83d\udc4b"}',
            },
        ),
    ],
)
def test_we_ask_for_a_message_as_twilios_library_does(
    config, outgoing, channel, content, same
):
    message = outgoing(channel, content=content)
    request = CHANNEL.build(message, config("channels/twilio"))
    with providers() as server:
        client = twilio_client(server.url, "AC1", TOKEN)
        client.messages.create(
            **same,
            status_callback=callback(message.callback_url, message.reference),
            validity_period=1800,
        )
        (theirs,) = server.calls

    assert parse_qs(request.body.decode()) == parse_qs(theirs.decode())
