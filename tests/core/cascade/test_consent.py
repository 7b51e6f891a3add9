"""Who may be written to does not depend on the order in which it was learnt."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cascade.consent import (
    Consent,
    Purpose,
    Refused,
    Suppression,
    asked_to_stop,
    why_not,
)
from core.cascade.model import Channel
from core.cascade.status import Scope

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SMS, WHATSAPP = Channel.SMS, Channel.WHATSAPP
MARKETING, CODE = Purpose.MARKETING, Purpose.AUTHENTICATION

moments = st.integers(0, 5).map(lambda minutes: NOON + timedelta(minutes=minutes))
channels = st.sampled_from([None, SMS, WHATSAPP])
senders = st.sampled_from(["one", "other"])
sources = st.sampled_from(["form", "desk"])
consents = st.builds(
    Consent,
    channel=channels,
    purpose=st.sampled_from(Purpose),
    given=st.booleans(),
    source=sources,
    at=moments,
)
suppressions = st.builds(
    Suppression,
    channel=channels,
    sender=st.none() | senders,
    scope=st.sampled_from(Scope),
    source=sources,
    at=moments,
    words=st.sampled_from(["", "STOP"]),
    lifted=st.booleans(),
)
places = st.tuples(st.sampled_from(Purpose), st.sampled_from([SMS, WHATSAPP]), senders)


def later(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def yes(
    channel: Channel | None = None, minutes: int = 0, given: bool = True
) -> Consent:
    at = later(minutes)
    return Consent(
        channel=channel, purpose=MARKETING, given=given, source="form", at=at
    )


def no(channel: Channel | None = None, minutes: int = 0) -> Consent:
    return yes(channel, minutes, given=False)


def stop(scope: Scope, minutes: int = 0, **where: object) -> Suppression:
    at = later(minutes)
    return Suppression(scope=scope, source="their own word", at=at, **where)  # type: ignore[arg-type]


def lifted(one: Suppression, minutes: int) -> Suppression:
    return replace(one, lifted=True, at=later(minutes))


@given(places, st.lists(consents), st.lists(suppressions), st.randoms())
def test_the_order_in_which_it_is_known_does_not_matter(
    place: tuple[Purpose, Channel, str],
    said: list[Consent],
    stopped: list[Suppression],
    random: object,
) -> None:
    before = why_not(*place, said, stopped)
    random.shuffle(said)  # type: ignore[attr-defined]
    random.shuffle(stopped)  # type: ignore[attr-defined]

    assert why_not(*place, said, stopped) == before
    assert why_not(*place, [*said, *said], [*stopped, *stopped]) == before


@given(places, st.lists(consents), channels, st.booleans())
def test_what_a_person_said_last_counts(
    place: tuple[Purpose, Channel, str],
    said: list[Consent],
    channel: Channel | None,
    given: bool,
) -> None:
    purpose, where, _ = place
    last = replace(yes(channel, 10, given), purpose=purpose)
    before = why_not(*place, said, [])
    after = why_not(*place, [*said, last], [])

    if channel in (None, where):
        assert (after is None) == given
    else:
        assert after == before


@given(places, st.lists(suppressions))
def test_whoever_lifts_everything_ends_every_opt_out(
    place: tuple[Purpose, Channel, str], stopped: list[Suppression]
) -> None:
    lifts = [lifted(one, 10) for one in stopped]

    assert why_not(*place, [yes()], [*stopped, *lifts]) is None


@given(places, st.lists(consents), st.lists(suppressions))
def test_every_bar_says_what_it_stands_on(
    place: tuple[Purpose, Channel, str],
    said: list[Consent],
    stopped: list[Suppression],
) -> None:
    bar = why_not(*place, said, stopped)
    if bar is None:
        return

    known = {(one.source, one.at) for one in (*said, *stopped)}
    assert (bar.source, bar.at) in known | {("", None)}
    assert bar.source in bar.reason


def test_marketing_needs_consent_and_nothing_else_does() -> None:
    bar = why_not(MARKETING, SMS, "one", [], [])

    assert bar
    assert (bar.why, bar.reason) == (
        Refused.NO_CONSENT,
        "there is no consent to marketing messages",
    )
    for purpose in set(Purpose) - {MARKETING}:
        assert why_not(purpose, SMS, "one", [], []) is None


@pytest.mark.parametrize(
    ("said", "may"),
    [
        ([yes(SMS)], True),
        ([yes()], True),
        ([yes(WHATSAPP)], False),
        ([yes(SMS), no(SMS, 1)], False),
        ([yes(), no(SMS, 1)], False),
        ([yes(), no(WHATSAPP, 1)], True),
        ([no(SMS), yes(minutes=1)], True),
        ([yes(SMS), no(SMS)], False),
    ],
)
def test_consent_is_for_a_channel_or_for_all(said: list[Consent], may: bool) -> None:
    assert (why_not(MARKETING, SMS, "one", said, []) is None) == may


def test_a_withdrawn_consent_bars_any_purpose() -> None:
    said = [replace(no(SMS), purpose=Purpose.SERVICE)]
    bar = why_not(Purpose.SERVICE, SMS, "one", said, [])

    assert bar
    assert (bar.why, bar.source, bar.at) == (Refused.WITHDRAWN, "form", NOON)
    assert why_not(Purpose.TRANSACTIONAL, SMS, "one", said, []) is None


@pytest.mark.parametrize(
    ("scope", "barred"),
    [
        (Scope.SENDER, set(Purpose)),
        (Scope.CHANNEL_MARKETING, {MARKETING}),
        (Scope.EVERYWHERE, set(Purpose) - {CODE}),
    ],
)
def test_an_opt_out_reaches_as_far_as_it_is_meant(
    scope: Scope, barred: set[Purpose]
) -> None:
    stopped = [stop(scope, channel=SMS)]
    found = {one for one in Purpose if why_not(one, SMS, "one", [yes()], stopped)}

    assert found == barred
    assert why_not(MARKETING, WHATSAPP, "one", [yes()], stopped) is None


def test_another_sender_may_be_used() -> None:
    stopped = [stop(Scope.SENDER, channel=SMS, sender="one")]

    assert why_not(CODE, SMS, "one", [], stopped)
    assert why_not(CODE, SMS, "other", [], stopped) is None


def test_a_start_ends_the_stop_before_it_and_not_the_one_after() -> None:
    stopped = stop(Scope.SENDER, 1, channel=SMS, sender="one")

    assert why_not(CODE, SMS, "one", [], [stopped, lifted(stopped, 2)]) is None
    assert why_not(CODE, SMS, "one", [], [stopped, lifted(stopped, 1)])
    assert why_not(CODE, SMS, "one", [], [stopped, lifted(stopped, 0)])


def test_a_start_somewhere_does_not_end_a_stop_elsewhere() -> None:
    on_whatsapp = stop(Scope.CHANNEL_MARKETING, channel=WHATSAPP)
    anywhere = stop(Scope.CHANNEL_MARKETING, 1)

    assert why_not(
        MARKETING, WHATSAPP, "one", [yes()], [on_whatsapp, lifted(anywhere, 2)]
    )
    resumed = [anywhere, lifted(on_whatsapp, 2)]
    assert why_not(MARKETING, WHATSAPP, "one", [yes()], resumed) is None
    assert why_not(MARKETING, SMS, "one", [yes()], resumed)


def test_stop_silences_a_sender_and_marketing_everywhere() -> None:
    stopped = asked_to_stop(SMS, "one", "their own word", NOON, "STOP")
    started = asked_to_stop(SMS, "one", "their own word", later(1), lifted=True)

    assert why_not(CODE, SMS, "one", [], stopped)
    assert why_not(CODE, SMS, "other", [], stopped) is None
    bar = why_not(MARKETING, WHATSAPP, "other", [yes()], stopped)
    assert bar
    assert (bar.words, bar.reason) == (
        "STOP",
        "they want no marketing there (their own word)",
    )
    for channel in (SMS, WHATSAPP):
        assert why_not(MARKETING, channel, "one", [yes()], [*stopped, *started]) is None
