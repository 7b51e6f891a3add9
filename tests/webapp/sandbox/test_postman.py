"""What is posted is posted at least once, whatever happens to either side."""

import json
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import requests
import responses

from tests.webapp.sandbox.conftest import (
    Outside,
    due,
    eventually,
    everreach_of,
    open_world,
    serve,
    settings_for,
)
from webapp.sandbox.postman import Postman

ANYWHERE = re.compile("http://127.0.0.1.*")
ROOT = Path(__file__).parents[3]
KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from tests.webapp.sandbox.conftest import open_world, settings_for
outside = open_world(settings_for(Path(sys.argv[1]), int(sys.argv[2])))
order = outside.world.snapshot().orders[0]
outside.world.act(order.id, "ship")
os.kill(os.getpid(), signal.SIGKILL)
"""


def ship(outside: Outside) -> None:
    order = next(o for o in outside.world.snapshot().orders if o.state == "new")
    outside.world.act(order.id, "ship")


def posted(outside: Outside, count: int) -> None:
    eventually(lambda: len(outside.posts) >= count)


def test_a_refused_webhook_comes_again_with_the_same_id(outside):
    outside.answers[:] = [503, 302]
    ship(outside)
    for _ in range(4):
        outside.skip(minutes=1)
    assert len(outside.posts) == 3
    assert len({post.headers["x-shopify-webhook-id"] for post in outside.posts}) == 1
    assert len({post.body for post in outside.posts}) == 1


def test_shopify_gives_up_after_eight_retries(outside):
    outside.answers[:] = [500] * 20
    ship(outside)
    for _ in range(15):
        outside.skip(hours=1)
    assert len(outside.posts) == 9


def test_twilio_repeats_only_if_the_address_asks(outside):
    number = outside.world.snapshot().phones[0].number
    address = f"{outside.settings.public_url}/receipts/twilio/sandbox.sms"
    outside.answers[:] = [500]
    outside.sms(number, StatusCallback=address)
    outside.skip(minutes=1)
    assert len(outside.posts) == 2
    outside.answers[:] = [500]
    outside.sms(number, StatusCallback=f"{address}#rc=5&rp=5xx,ct,rt")
    outside.skip(seconds=20)
    outside.skip(seconds=20)
    assert len(outside.posts) == 5


def test_an_answer_that_takes_too_long_uses_up_a_retry(tmp_path, port):
    outside = open_world(settings_for(tmp_path, port))
    ship(outside)
    with responses.RequestsMock() as everreach:
        everreach.post(ANYWHERE, body=requests.ReadTimeout())
        outside.world.postman.start()
        eventually(lambda: everreach.calls)
        outside.world.postman.stop()
    assert retries_left(outside) == 7
    outside.world.close()


def test_nobody_at_home_uses_up_no_retries(tmp_path, port):
    outside = open_world(settings_for(tmp_path, port))
    outside.clock.run(600)
    ship(outside)
    outside.world.postman.start()
    time.sleep(0.5)
    assert retries_left(outside) == 8
    server = serve(everreach_of(outside), port)
    posted(outside, 1)
    outside.world.postman.stop()
    server.shutdown()
    server.server_close()
    outside.world.close()


def retries_left(outside: Outside) -> int:
    file = sqlite3.connect(outside.settings.home / "world.sqlite3")
    (kept,) = file.execute("SELECT retries FROM outbox").fetchone()
    file.close()
    return len(json.loads(kept))


def test_what_a_killed_world_left_is_posted_by_the_next(tmp_path, port):
    script = [sys.executable, "-c", KILLED, str(tmp_path), str(port), str(ROOT)]
    assert subprocess.run(script, check=False).returncode == -9
    outside = open_world(settings_for(tmp_path, port))
    assert due(outside) == 1
    assert outside.world.snapshot().orders[0].state == "shipped"
    server = serve(everreach_of(outside), port)
    outside.world.postman.start()
    posted(outside, 1)
    outside.world.postman.stop()
    server.shutdown()
    server.server_close()
    outside.world.close()
    assert outside.posts[0].headers["x-shopify-topic"] == "fulfillments/create"


def test_the_world_keeps_its_secrets(tmp_path, port):
    first = open_world(settings_for(tmp_path, port))
    first.world.close()
    second = open_world(settings_for(tmp_path, port))
    second.world.close()
    assert first.secrets == second.secrets
    mode = (second.settings.home / "world.sqlite3").stat().st_mode
    assert mode & 0o077 == 0


def test_two_postmen_do_not_both_make_the_rounds(outside):
    file = outside.world._file
    ship(outside)
    posted(outside, 1)
    address = outside.settings.local_url
    second = Postman(file, outside.clock, address, outside.world.vonage.signed)
    second.start()
    for _ in range(5):
        ship(outside)
    outside.skip(seconds=1)
    second.stop()
    assert len(outside.posts) == 6
