"""The doorbell, on a real Valkey."""

from collections.abc import Iterator

import pytest
from redis import Redis

from core.queue import Bell
from tests.conftest import SetClock


@pytest.fixture
def bell(redis_url: str, clock: SetClock) -> Iterator[Bell]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    opened = Bell(redis_url, clock)
    yield opened
    opened.close()


def test_rings_that_nobody_has_answered_are_one(bell: Bell) -> None:
    for _ in range(5):
        bell.ring(["sms"])

    assert bell.queue("sms").count == 1


def test_after_an_answer_it_rings_again(bell: Bell) -> None:
    bell.ring(["sms"])
    bell.answered("sms")
    bell.ring(["sms"])

    assert bell.queue("sms").count == 2


def test_a_lane_that_failed_is_left_alone_for_a_while(bell: Bell) -> None:
    bell.hush("sms", 5)
    bell.ring(["sms"])

    assert bell.queue("sms").count == 0


def test_redis_away_is_not_an_error(clock: SetClock) -> None:
    away = Bell("unix:///nonexistent/redis.sock", clock)
    away.ring(["sms"])

    assert away.queue("sms").name == "everreach-sms"


def test_each_lane_tells_when_it_was_last_served(bell: Bell, clock: SetClock) -> None:
    bell.beat("w1", ["sms", "whatsapp"])
    clock.advance(seconds=3)
    bell.beat("w2", ["sms"])

    beats = bell.heartbeats()
    assert (beats["sms"] - beats["whatsapp"]).total_seconds() == 3
