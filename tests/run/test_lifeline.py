import os
import subprocess
import sys

import pytest

from tests.run.processes import is_running, until

LIFELINE = "[sys.executable, '-m', 'webapp.lifeline', str(os.getpid()), 'sleep', '60']"
KEEPER = f"""
import os, subprocess, sys, time
child = subprocess.Popen({LIFELINE})
print(child.pid, flush=True)
time.sleep(60)
"""
SERVER = """
import multiprocessing, os, time
from webapp.lifeline import die_with_parent

def serve():
    die_with_parent()
    print(os.getpid(), flush=True)
    time.sleep(60)

if __name__ == "__main__":
    multiprocessing.get_context("fork").Process(target=serve).start()
    time.sleep(60)
"""


@pytest.mark.parametrize("script", [KEEPER, SERVER], ids=["program", "own process"])
def test_nothing_outlives_a_killed_keeper(script: str):
    keeper = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert keeper.stdout
    child = int(keeper.stdout.readline())
    until(lambda: b"sleep" in command_line(child) or script is SERVER)

    keeper.kill()
    keeper.wait()
    keeper.stdout.close()

    assert until(lambda: not is_running(child))


def test_a_process_started_by_hand_is_left_alone():
    script = "from webapp.lifeline import die_with_parent as tie; tie(); print('alive')"
    environment = {k: v for k, v in os.environ.items() if k != "EVERREACH_SUPERVISED"}
    shell = subprocess.Popen(
        ["/bin/sh", "-c", '{ sleep 0.3; "$0" -c "$1"; } &', sys.executable, script],
        stdout=subprocess.PIPE,
        env=environment,
    )

    assert shell.communicate(timeout=20)[0] == b"alive\n"


def test_a_program_whose_keeper_is_gone_does_not_start():
    nobody = subprocess.Popen(["true"])
    nobody.wait()
    command = [sys.executable, "-m", "webapp.lifeline", str(nobody.pid), "echo", "up"]

    ended = subprocess.run(command, capture_output=True, check=False)

    assert (ended.returncode, ended.stdout) == (0, b"")


def command_line(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
