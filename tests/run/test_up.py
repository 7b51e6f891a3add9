import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.config import Settings
from core.errors import SetupError
from webapp import up

EVERREACH = [sys.executable, "-m", "webapp.cli"]


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def everreach(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EVERREACH, *arguments],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_port_in_use_is_one_line_that_names_the_variable(tmp_path: Path):
    with taken_port() as port:
        ended = everreach("up", EVERREACH_HOME=str(tmp_path), EVERREACH_PORT=str(port))

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"everreach: EVERREACH_PORT: port {port} is already")
    assert ended.stderr.count("\n") == 1


def test_a_port_that_was_just_left_is_free():
    with taken_port() as port, socket.create_connection(("127.0.0.1", port)):
        pass

    up.check_port("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_refused():
    with pytest.raises(SetupError, match="EVERREACH_HOST"):
        up.check_port("192.0.2.1", 8000)


def test_a_second_everreach_on_one_home_names_the_first(tmp_path: Path):
    with up.locked(tmp_path / "everreach.lock"):
        ended = everreach("up", EVERREACH_HOME=str(tmp_path))

    assert ended.returncode == 1
    assert f"(process {os.getpid()})" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_lock_file_left_by_a_killed_process_is_no_lock(tmp_path: Path):
    file = tmp_path / "everreach.lock"
    file.write_text("4194304000\n")

    with up.locked(file):
        assert file.read_text() == f"{os.getpid()}\n"


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")

    ended = everreach("up", EVERREACH_HOME=str(tmp_path / "file" / "home"))

    assert ended.returncode == 1
    assert ended.stderr.startswith("everreach: EVERREACH_HOME: cannot write to")
    assert ended.stderr.count("\n") == 1


def test_a_new_home_is_ours_alone(settings: Settings):
    up.make_home(settings.home)

    assert settings.home.stat().st_mode & 0o777 == 0o700


def test_a_redis_that_was_named_must_answer(tmp_path: Path):
    env = {"EVERREACH_HOME": str(tmp_path), "REDIS_URL": f"unix://{tmp_path}/none.sock"}

    with pytest.raises(SetupError, match="REDIS_URL: the Redis does not answer"):
        up.check_redis(Settings.from_env(env))


def test_a_wrong_setting_is_one_line(tmp_path: Path):
    ended = everreach("web", EVERREACH_HOME=str(tmp_path), EVERREACH_PORT="http")

    assert ended.returncode == 1
    assert ended.stderr.startswith("everreach: EVERREACH_PORT: 'http' is not a port")
    assert ended.stderr.count("\n") == 1


def test_a_set_up_file_that_is_not_there_is_one_line(tmp_path: Path):
    file = str(tmp_path / "none.yaml")

    ended = everreach("apply", file, EVERREACH_HOME=str(tmp_path / "home"))

    assert ended.returncode == 1
    assert ended.stderr == (
        f"everreach: {file}: cannot be read (No such file or directory). "
        "Name a set-up file\n"
    )


def test_what_is_missing_is_said_when_nothing_listens(settings: Settings):
    with taken_port() as port:
        pass
    home = str(settings.home)
    idle = Settings.from_env({"EVERREACH_HOME": home, "EVERREACH_PORT": str(port)})

    assert "does not answer" in (up.what_is_missing(idle) or "")
