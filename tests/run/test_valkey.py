import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from core.config import Settings
from core.errors import SetupError
from tests.run.processes import is_running, until
from webapp import valkey


@contextmanager
def running(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    valkey.prepare(settings)
    server = subprocess.Popen(valkey.command(settings))
    try:
        assert until(lambda: valkey.ping(settings.redis_url) is None)
        yield server
    finally:
        server.kill()
        server.wait()


def test_the_embedded_server_answers_on_a_private_socket_only(settings: Settings):
    with running(settings), redis.Redis.from_url(settings.redis_url) as client:
        assert client.ping()
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("maxmemory-policy") == {
            "maxmemory-policy": "noeviction"
        }
        assert settings.redis_socket
        assert settings.redis_socket.stat().st_mode & 0o077 == 0
        assert settings.redis_socket.parent.stat().st_mode & 0o077 == 0


def test_what_it_was_told_survives_a_kill(settings: Settings):
    with running(settings), redis.Redis.from_url(settings.redis_url) as client:
        client.set("kept", "yes")

    with running(settings), redis.Redis.from_url(settings.redis_url) as client:
        assert client.get("kept") == b"yes"


def test_a_home_with_a_very_long_path_has_a_server_too(tmp_path: Path):
    home = tmp_path / ("long" * 40)
    home.mkdir()
    settings = Settings.from_env({"EVERREACH_HOME": str(home), "TMPDIR": "/tmp"})

    with running(settings):
        assert settings.redis_socket
        assert settings.redis_socket.parent.stat().st_mode & 0o077 == 0
    settings.redis_socket.unlink()
    settings.redis_socket.parent.rmdir()


def test_a_server_left_by_a_killed_supervisor_is_ended(settings: Settings):
    with running(settings) as left:
        valkey.prepare(settings)

        assert until(lambda: not is_running(left.pid))


def test_a_pid_that_is_somebody_elses_now_is_left_alone(settings: Settings):
    valkey.prepare(settings)
    (settings.home / "valkey" / "valkey.pid").write_text(f"{os.getpid()}\n")

    valkey.prepare(settings)

    assert is_running(os.getpid())


def test_a_server_that_cannot_start_says_why(settings: Settings):
    valkey.prepare(settings)
    broken = settings.home / "valkey" / "appendonlydir"
    broken.write_text("not a folder")

    ended = subprocess.run(valkey.command(settings), check=False)
    error = valkey.cannot_start(settings, f"ended with exit code {ended.returncode}")

    assert "ended with exit code 1: " in error.problem
    assert str(broken) in error.fix


def test_a_private_folder_of_somebody_else_is_refused(
    settings: Settings, tmp_path: Path
):
    settings.home.mkdir()
    (settings.home / "valkey").symlink_to(tmp_path)

    with pytest.raises(SetupError, match="belongs to somebody else"):
        valkey.prepare(settings)


def test_no_server_at_all_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(valkey, "_packaged_binary", lambda: None)
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(SetupError, match="Install one"):
        valkey.binary()


def test_a_redis_that_does_not_answer_says_why(settings: Settings):
    assert "No such file" in (valkey.ping(settings.redis_url) or "")
