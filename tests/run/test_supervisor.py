import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.run.processes import is_running, until
from webapp.supervisor import Child, Supervisor

MakeChild = Callable[..., Child]


def keep_until(supervisor: Supervisor, happened: Callable[[], bool]) -> None:
    """Supervise until it happened, then ask to stop as a service manager does."""
    end = time.monotonic() + 20

    def meanwhile() -> None:
        assert time.monotonic() < end, "it did not happen"
        if happened():
            signal.raise_signal(signal.SIGTERM)

    supervisor.keep(meanwhile=meanwhile, pause=0.02)


def test_what_a_child_prints_carries_its_name(
    supervisor: Supervisor, child: MakeChild, said: list[str]
):
    supervisor.add(child("echo out; echo err >&2; sleep 60", "web"))

    keep_until(supervisor, lambda: len(said) >= 2)

    assert said == ["web          | out", "web          | err"]


def test_a_killed_child_is_started_again_and_said_so(
    supervisor: Supervisor, child: MakeChild, said: list[str]
):
    worker = child("sleep 60", "worker-send")
    supervisor.add(worker)
    first = worker.pid
    assert first
    os.kill(first, signal.SIGKILL)

    keep_until(supervisor, lambda: worker.pid not in {None, first})

    assert said == ["worker-send ended with signal 9; starting it again"]


def test_a_child_that_cannot_live_is_started_less_and_less_often(
    supervisor: Supervisor, child: MakeChild, said: list[str]
):
    supervisor.add(child("exit 3"))

    keep_until(supervisor, lambda: len(said) >= 3)

    again = "child ended with exit code 3; starting it again"
    assert said[:3] == [again, again, f"{again} in 1 s"]


def test_a_killed_child_takes_what_it_started_with_it(
    supervisor: Supervisor, child: MakeChild, said: list[str]
):
    parent = child("sleep 60 & echo $!; wait")
    supervisor.add(parent)
    assert until(lambda: bool(said))
    grandchild = int(said[0].rpartition(" ")[2])
    os.kill(parent.pid or 0, signal.SIGKILL)

    keep_until(supervisor, lambda: len(said) > 1)

    assert until(lambda: not is_running(grandchild))


def test_children_stop_in_the_order_asked_for(
    supervisor: Supervisor, child: MakeChild, said: list[str]
):
    script = "trap 'echo bye; exit' TERM; echo up; while :; do sleep 0.05; done"
    first, second = child(script, "valkey"), child(script, "web")
    supervisor.add(first, second)
    assert until(lambda: len(said) == 2)

    supervisor.stop([[second], [first]])

    assert said[2:] == ["web          | bye", "valkey       | bye"]
    assert not first.running
    assert not second.running


def test_a_child_that_will_not_stop_is_killed(
    supervisor: Supervisor, child: MakeChild, said: list[str]
):
    stubborn = child("trap '' TERM; echo up; while :; do sleep 0.05; done")
    supervisor.add(stubborn)
    assert until(lambda: bool(said))

    supervisor.stop()

    assert not stubborn.running
    assert said[1:] == ["child did not stop in time; killing it"]


def test_a_second_ctrl_c_kills_at_once(
    supervisor: Supervisor, child: MakeChild, said: list[str]
):
    stubborn = child("trap '' TERM; echo up; while :; do sleep 0.05; done")
    supervisor.add(stubborn)
    assert until(lambda: bool(said))
    signal.raise_signal(signal.SIGINT)
    time.sleep(0.4)
    signal.raise_signal(signal.SIGINT)
    begin = time.monotonic()

    supervisor.stop()

    assert supervisor.hurried
    assert not stubborn.running
    assert time.monotonic() - begin < 1


def test_one_ctrl_c_that_arrives_twice_is_one(supervisor: Supervisor):
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)

    assert supervisor.stopping
    assert not supervisor.hurried


def test_a_child_is_out_of_reach_of_the_terminals_ctrl_c(
    supervisor: Supervisor, child: MakeChild
):
    one = child("sleep 60")
    supervisor.add(one)

    assert one.pid
    assert until(lambda: os.getsid(one.pid or 0) == one.pid)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux")
def test_waiting_costs_no_processor_time(supervisor: Supervisor, child: MakeChild):
    supervisor.add(child("sleep 60"))
    begin, used = time.monotonic(), time.process_time()

    keep_until(supervisor, lambda: time.monotonic() - begin > 0.5)

    assert time.process_time() - used < 0.25
