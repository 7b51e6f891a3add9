"""What every provider must keep, from its fixtures alone.

They are config and send_*; signed and report_* where it reports anything later, reply_* where
people can answer, preference_* where it asks them what they want, answer_* where it can itself
be asked what became of a message, check_* where its credentials can be tried.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.config import load, schema, secrets
from connectors.registry import load_registry
from core.cascade.model import Channel
from core.cascade.status import FailureClass, Status, Until
from core.errors import BadSignature, Malformed
from core.ports import (
    Checked,
    HttpRequest,
    HttpResponse,
    InboundRequest,
    MailRequest,
    MailResponse,
    Pricing,
    Printed,
    PrintRequest,
    Receipt,
    Reply,
    Request,
    Security,
    SendAccepted,
    SendRejected,
    SendUnclear,
    Told,
    able,
)
from tests.connectors.conftest import as_response
from tests.support.riverside import NOW

SECOND = timedelta(seconds=1)

HERE = Path(__file__).parent
CHANNELS = load_registry().channels


def reported(name: str) -> set[Until]:
    """All that a provider can tell of a message, on any channel."""
    return {
        until for able in CHANNELS[name].capabilities.values() for until in able.reports
    }


ASKED = sorted(name for name, connector in CHANNELS.items() if connector.query)
SERVED = [(name, channel) for name, c in CHANNELS.items() for channel in c.capabilities]

CHECKED = sorted(name for name, connector in CHANNELS.items() if connector.check)
TELLING = sorted(name for name in CHANNELS if reported(name) != {Until.ACCEPTED})
ANSWERED = sorted(name for name in CHANNELS if Until.REPLIED in reported(name))


def shows_its_secret(name: str) -> bool:
    """Whether what a provider tells is proved by a secret in a header, not by a signature."""
    folder = HERE / "fixtures" / "channels" / name
    if not (folder / "signed.json").exists():
        return False  # that it is missing is said by a test of its own
    headers = json.loads((folder / "signed.json").read_text())["headers"]
    values = json.loads((folder / "config.json").read_text())
    hidden = [values.get(key, "") for key in secrets(CHANNELS[name].Config)]
    words = [
        one for word in hidden for one in ([word] if isinstance(word, str) else word)
    ]
    return any(word in headers.get("authorization", "").split() for word in words)


SIGNING = [name for name in TELLING if not shows_its_secret(name)]
SHOWING = [name for name in TELLING if shows_its_secret(name)]
TIMED = sorted(name for name, connector in CHANNELS.items() if connector.tolerance)
PRICED = [
    (name, channel)
    for name, channel in SERVED
    if CHANNELS[name].capabilities[channel].pricing is not Pricing.NEVER
]

every_provider = pytest.mark.parametrize("name", sorted(CHANNELS))
every_provider_that_can_be_asked = pytest.mark.parametrize("name", ASKED)
every_provider_that_can_be_tried = pytest.mark.parametrize("name", CHECKED)
every_provider_that_tells_something = pytest.mark.parametrize("name", TELLING)
every_provider_that_signs = pytest.mark.parametrize("name", SIGNING)
every_provider_that_shows_a_secret = pytest.mark.parametrize("name", SHOWING)
every_provider_that_is_answered = pytest.mark.parametrize("name", ANSWERED)
every_provider_that_signs_a_time = pytest.mark.parametrize("name", TIMED)
every_price = pytest.mark.parametrize(("name", "channel"), PRICED)
every_channel = pytest.mark.parametrize(("name", "channel"), SERVED)

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
# Words that mean something to some provider get random JSON past the first fork.
fields = """
    entry changes value field statuses status id timestamp errors error code sid messages type
    from text body button interactive button_reply context reaction user_preferences wa_id
    date_updated error_code event message_template_id message_template_name data paging
    message_send_ttl_seconds display_phone_number message_type message_uuid channel reply
    payload usage price currency sms count_total whatsapp pricing title detail message_id
    update_date name
"""
names = st.text() | st.sampled_from(fields.split())
known = """
    messages user_preferences message_template_status_update PAUSED sent failed 1795168801 text
    stop rejected sms button
"""
words = leaves | st.sampled_from(known.split())
documents = st.recursive(
    words, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=30
)


def fixtures(name: str, prefix: str) -> list[str]:
    folder = HERE / "fixtures" / "channels" / name
    return sorted(path.stem for path in folder.glob(f"{prefix}*.json"))


def results(name, answer):
    read = CHANNELS[name].read
    return [read(answer(f"{name}/{stem}")) for stem in fixtures(name, "send_")]


def told(name, inbound, prefix):
    for stem in fixtures(name, prefix):
        yield from CHANNELS[name].told(inbound(f"channels/{name}/{stem}"))


@every_provider
def test_it_is_called_as_its_module(name):
    module = CHANNELS[name].__class__.__module__

    assert module.split(".")[2] == name


@every_provider
def test_it_says_what_it_can_report(name):
    capabilities = CHANNELS[name].capabilities

    assert capabilities
    assert all(Until.ACCEPTED in able.reports for able in capabilities.values())
    assert Until.CLICKED not in reported(name)  # links are ours


@every_channel
def test_it_says_what_it_can_send(name, channel):
    able = CHANNELS[name].capabilities[channel]

    assert able.text or able.templates
    assert bool(able.buttons) == bool(able.most_buttons)
    assert not able.expiry or able.expiry.shortest < able.expiry.longest


@every_channel
def test_only_whatsapp_has_a_window_and_a_setting_names_its_number(name, channel):
    window = CHANNELS[name].capabilities[channel].window
    settings = schema(CHANNELS[name].Config)["properties"]

    hears = bool(fixtures(name, "reply_"))
    assert bool(window) == (hears and channel is Channel.WHATSAPP)
    assert not window or window.number in settings


@every_channel
def test_a_sender_can_do_no_more_than_its_provider(name, channel, config):
    whole = CHANNELS[name].capabilities[channel]
    own = able(CHANNELS[name], config(f"channels/{name}"), channel)

    assert own
    assert own.media <= whole.media
    assert own.buttons <= whole.buttons
    assert own.reports <= whole.reports
    assert (own.text, own.templates) <= (whole.text, whole.templates)


@every_channel
def test_its_requests_are_encrypted_and_say_who_asks(name, channel, config, outgoing):
    settings = config(f"channels/{name}")
    request = CHANNELS[name].build(outgoing(channel), settings)

    assert is_private(request)


def is_private(request: Request) -> bool:
    """Whether nobody on the way can read it, and a server can tell whom it is from."""
    match request:
        case HttpRequest():
            known = request.headers["User-Agent"].startswith("everreach/")
            return known and request.url.startswith("https://")
        case MailRequest():
            return request.security is not Security.NONE
        case PrintRequest():
            return True  # it stays here


@every_channel
def test_its_requests_carry_our_reference(name, channel, config, outgoing):
    settings = config(f"channels/{name}")
    request = CHANNELS[name].build(outgoing(channel), settings)

    assert b"att_0001" in headed(request) + said(request)


def headed(request: Request) -> bytes:
    """What a request says in its headers."""
    headers = request.headers.values() if isinstance(request, HttpRequest) else ()
    return "\n".join(headers).encode()


def said(request: Request) -> bytes:
    """What a request says in its body."""
    match request:
        case HttpRequest():
            return request.body
        case MailRequest():
            return request.message
        case PrintRequest():
            return request.text.encode()


@every_channel
def test_nothing_shows_its_secrets(name, channel, config, outgoing, secret_words):
    settings = config(f"channels/{name}")
    sends = CHANNELS[name].build(outgoing(channel), settings)
    shown = [settings, sends, *questions(CHANNELS[name], settings)]

    for secret in secret_words(f"channels/{name}"):
        assert [one for one in shown if secret in repr(one)] == []


def questions(connector, settings) -> Iterator[Request]:
    """All that it asks but sends nothing by."""
    if connector.query:
        yield connector.query.ask("an_id", settings)
    if connector.check:
        yield connector.check.ask(settings, NOW)
    if connector.templates:
        yield connector.templates.ask(settings, "")


@every_provider_that_tells_something
def test_what_comes_in_shows_no_proof_and_no_refusal_tells_one(
    name, inbound, config, secret_words
):
    connector, settings = CHANNELS[name], config(f"channels/{name}")
    request = inbound(f"channels/{name}/signed")
    proofs = [*request.headers.values(), *request.query.values()]
    hidden = {*secret_words(f"channels/{name}"), *filter(is_long, proofs)}
    with pytest.raises(BadSignature) as refused:
        connector.verify(unsigned(request), settings)

    assert hidden
    for word in hidden:
        assert word not in repr(request)
        assert word not in str(refused.value)


def is_long(word: str) -> bool:
    """As every signature is, and little else."""
    return len(word) >= 20


@every_provider_that_tells_something
def test_it_knows_what_it_signed(name, inbound, config):
    request = inbound(f"channels/{name}/signed")

    CHANNELS[name].verify(request, config(f"channels/{name}"))


@every_provider_that_shows_a_secret
def test_it_refuses_another_secret(name, inbound, config):
    request = inbound(f"channels/{name}/signed")
    header = request.headers["authorization"]
    others = [header[:-1], f"{header}x", header.swapcase(), header.split()[-1]]

    for other in others:
        changed = replace(request, headers={"authorization": other})
        with pytest.raises(BadSignature):
            CHANNELS[name].verify(changed, config(f"channels/{name}"))


@every_provider_that_signs
def test_it_refuses_a_changed_body(name, inbound, config):
    request = inbound(f"channels/{name}/signed")
    if request.body:
        changed = replace(request, body=request.body[:-2] + b"?" + request.body[-1:])
    else:  # it is all in the address
        changed = replace(request, url=request.url.replace("att_0001", "att_0002"))
    assert changed != request

    with pytest.raises(BadSignature):
        CHANNELS[name].verify(changed, config(f"channels/{name}"))


@every_provider_that_tells_something
def test_it_refuses_what_is_not_signed(name, inbound, config):
    request = unsigned(inbound(f"channels/{name}/signed"))

    with pytest.raises(BadSignature):
        CHANNELS[name].verify(request, config(f"channels/{name}"))


@every_provider_that_tells_something
def test_it_refuses_a_challenge_that_proves_nothing(name, inbound, config):
    request = unsigned(inbound(f"channels/{name}/signed", method="GET", body=b""))

    with pytest.raises(BadSignature):
        CHANNELS[name].challenge(request, config(f"channels/{name}"))


def unsigned(request: InboundRequest) -> InboundRequest:
    """Without what may prove anything: its headers and its query."""
    return replace(request, headers={}, url=request.url.partition("?")[0])


@every_provider
def test_it_has_fixtures_for_every_kind_of_answer(name, answer):
    found = results(name, answer)
    refusals = [r.failure.kind for r in found if isinstance(r, SendRejected)]

    assert any(isinstance(result, SendAccepted) for result in found)
    if name in TELLING:
        assert any(isinstance(result, SendUnclear) for result in found)
        assert {FailureClass.RETRY, FailureClass.NEXT} <= set(refusals)


@every_provider_that_tells_something
def test_it_has_fixtures_for_all_that_it_reports(name, inbound):
    found = list(told(name, inbound, "report_"))
    later = reported(name) & {Until.SENT, Until.DELIVERED, Until.READ}

    assert {*map(Status, later), Status.FAILED} <= {receipt.status for receipt in found}
    assert all(bool(r.failure) == (r.status is Status.FAILED) for r in found)
    assert all(
        receipt.at is None or receipt.at.utcoffset() is not None for receipt in found
    )


@every_provider_that_is_answered
def test_it_has_fixtures_for_replies(name, inbound):
    connector = CHANNELS[name]
    found = list(told(name, inbound, "reply_"))

    assert any(reply.text for reply in found)
    assert {type(reply) for reply in found} == {Reply}
    assert {reply.channel for reply in found} <= connector.capabilities.keys()
    assert all(reply.sender and reply.provider_id for reply in found)
    assert any(not reply.hidden for reply in found)
    for reply in found:
        mark = "@" if reply.channel is Channel.EMAIL else "+"
        assert reply.hidden or mark in reply.sender


@every_price
def test_it_has_fixtures_for_what_a_message_costs(name, channel, inbound, answer):
    pricing, query = CHANNELS[name].capabilities[channel].pricing, CHANNELS[name].query
    stems = fixtures(name, "answer_")
    asked = [query.answer(answer(f"{name}/{stem}")) for stem in stems if query]
    found = told(name, inbound, "report_") if pricing is Pricing.RECEIPT else asked

    assert any(one and one.price and one.price.micros >= 0 for one in found)


@every_provider_that_signs_a_time
def test_what_was_signed_is_believed_for_exactly_so_long(name, inbound, config):
    connector, settings = CHANNELS[name], config(f"channels/{name}")
    request = inbound(f"channels/{name}/signed")
    span = connector.tolerance

    for believed in (-span, span):
        at = request.received_at + believed
        connector.verify(replace(request, received_at=at), settings)
    for refused in (-span - SECOND, span + SECOND):
        at = request.received_at + refused
        with pytest.raises(BadSignature):
            connector.verify(replace(request, received_at=at), settings)


@every_provider_that_can_be_tried
def test_its_credentials_are_tried_without_changing_anything(name, config):
    request = CHANNELS[name].check.ask(config(f"channels/{name}"), NOW)

    assert is_private(request)
    assert not said(request)  # so a POST is one that has nothing to send
    assert isinstance(request, MailRequest) or request.method in ("GET", "POST")


@every_provider_that_can_be_tried
def test_it_has_fixtures_for_credentials_that_work_and_that_do_not(
    name, answer, config
):
    check, settings = CHANNELS[name].check, config(f"channels/{name}")
    stems = fixtures(name, "check_")
    found = {stem: check.answer(answer(f"{name}/{stem}"), settings) for stem in stems}

    assert {one.works for one in found.values()} == {True, False}
    assert all(one.says and not one.says.endswith(".") for one in found.values())


@every_provider_that_can_be_asked
def test_it_asks_about_one_message_and_changes_nothing(name, config):
    settings = config(f"channels/{name}")
    request = CHANNELS[name].query.ask("an/id", settings)

    assert request.method == "GET"
    assert request.url.startswith("https://")
    assert "an%2Fid" in request.url
    assert request.headers["User-Agent"].startswith("everreach/")


@every_provider_that_can_be_asked
def test_it_has_fixtures_for_what_became_of_a_message(name, answer):
    query = CHANNELS[name].query
    found = [query.answer(answer(f"{name}/{s}")) for s in fixtures(name, "answer_")]
    receipts = [receipt for receipt in found if receipt]

    assert None in found
    assert {Status.DELIVERED, Status.FAILED} <= {one.status for one in receipts}
    assert all(one.provider_id for one in receipts)


@every_channel
def test_it_says_what_may_still_arrive_in_half_a_sentence(name, channel):
    for window in (timedelta(0), timedelta(minutes=30), timedelta(days=2)):
        said = CHANNELS[name].outlives(channel, window)

        assert not said.endswith(".")


@every_provider
def test_it_has_a_test_for_every_fixture(name):
    source = (HERE / "channels" / f"test_{name}.py").read_text()

    for stem in fixtures(name, "*_"):
        assert f'"{stem}"' in source


@every_provider_that_tells_something
def test_a_status_that_it_does_not_know_is_passed_over(name, inbound):
    request = inbound(f"channels/{name}/report_unknown_status")

    assert list(CHANNELS[name].told(request)) == []


@every_provider_that_tells_something
@given(body=documents.map(json.dumps).map(str.encode) | st.binary())
def test_any_report_tells_something_or_is_malformed(name, body):
    request = InboundRequest(
        method="POST",
        url="https://ever.example/",
        headers={},
        body=body,
        received_at=NOW,
    )

    try:
        found = CHANNELS[name].told(request)
    except Malformed:
        return
    assert all(isinstance(fact, Told) for fact in found)


@every_provider
@given(
    body=documents.map(json.dumps).map(str.encode) | st.binary(),
    status=st.integers(100, 599),
    wait=st.text(),
)
def test_any_answer_means_something(name, body, status, wait):
    headers = {"retry-after": wait}
    spoken = {
        HttpResponse: HttpResponse(status=status, headers=headers, body=body),
        MailResponse: MailResponse(code=status, text=wait),
        Printed: Printed(),
    }
    result = CHANNELS[name].read(spoken[kind_of_answer(name)])

    assert isinstance(result, SendAccepted | SendRejected | SendUnclear)


def kind_of_answer(name: str) -> type:
    """What its requests are answered with."""
    stem = fixtures(name, "send_")[0]
    saved = (HERE / "fixtures" / "channels" / name / f"{stem}.json").read_text()
    return type(as_response(json.loads(saved)))


@every_provider_that_can_be_asked
@given(
    body=documents.map(json.dumps).map(str.encode) | st.binary(),
    status=st.sampled_from([200, 404, 500]),
)
def test_any_answer_to_a_question_is_a_receipt_or_nothing(name, body, status):
    result = CHANNELS[name].query.answer(HttpResponse(status=status, body=body))

    assert result is None or isinstance(result, Receipt)


@every_provider_that_can_be_tried
@given(
    body=documents.map(json.dumps).map(str.encode) | st.binary(),
    status=st.sampled_from([200, 401, 404, 500]),
    text=st.text(),
)
def test_any_answer_to_a_trial_says_something(name, body, status, text):
    connector = CHANNELS[name]
    answers = {
        HttpResponse: HttpResponse(status=status, body=body),
        MailResponse: MailResponse(code=status, text=text),
    }
    result = connector.check.answer(answers[kind_of_answer(name)], settings_of(name))

    assert isinstance(result, Checked)
    assert result.says


def settings_of(name: str) -> Any:
    """Its fixture settings, where no fixture may be."""
    saved = (HERE / "fixtures" / "channels" / name / "config.json").read_text()
    return load(CHANNELS[name].Config, json.loads(saved), "config")


@every_provider_that_tells_something
@given(body=st.binary(), end=st.text(), header=st.text())
def test_any_other_request_is_refused(name, body, end, header):
    connector = CHANNELS[name]
    folder = HERE / "fixtures/channels" / name
    signed = json.loads((folder / "signed.json").read_text())
    request = InboundRequest(
        method="POST",
        url=f"https://ever.example/{end}",
        headers=dict.fromkeys(signed["headers"], header),
        body=body,
        received_at=NOW,
    )

    with pytest.raises(BadSignature):
        connector.verify(request, settings_of(name))
