import os
from pathlib import Path

import pytest

from core.config import Settings
from core.errors import SetupError


def settings(**env: str) -> Settings:
    return Settings.from_env({"HOME": "/home/ann", **env})


def refused(**env: str) -> SetupError:
    with pytest.raises(SetupError) as caught:
        settings(**env)
    return caught.value


def test_nothing_needs_to_be_set():
    found = settings()

    assert found.home == Path("/home/ann/.local/share/everreach")
    assert found.database_url == f"sqlite:///{found.home}/everreach.sqlite3"
    assert found.redis_url == f"unix://{found.home}/valkey/redis.sock"
    assert found.public_url == "http://127.0.0.1:8000"
    assert (found.host, found.port, found.log_level) == ("127.0.0.1", 8000, "info")
    assert found.embedded_redis
    assert not found.sandbox


def test_an_empty_variable_is_not_set():
    assert settings(EVERREACH_PORT="", REDIS_URL="", DATABASE_URL=" ") == settings()


def test_the_data_folder_follows_the_desktop_convention():
    assert settings(XDG_DATA_HOME="/data").home == Path("/data/everreach")
    assert settings(XDG_DATA_HOME="relative").home == settings().home


def test_the_sandbox_has_a_folder_of_its_own():
    found = settings(EVERREACH_HOME="~/ever", EVERREACH_SANDBOX="1")

    assert found.sandbox
    assert found.home == Path("/home/ann/ever/sandbox")
    assert found.database_url == "sqlite:////home/ann/ever/sandbox/everreach.sqlite3"


def test_a_relative_folder_is_made_absolute():
    assert settings(EVERREACH_HOME="data").home == Path.cwd() / "data"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_uses_one_driver(scheme: str):
    found = settings(DATABASE_URL=f"{scheme}://u:p@db/e")

    assert found.database_url == "postgresql+psycopg://u:p@db/e"
    assert not found.sqlite


def test_a_redis_that_is_named_is_not_embedded():
    found = settings(REDIS_URL="redis://queue:6380/2")

    assert not found.embedded_redis
    assert found.redis_socket is None


def test_a_long_home_has_its_socket_elsewhere(tmp_path: Path):
    long = str(tmp_path / ("x" * 120))
    first, second = settings(EVERREACH_HOME=long), settings(EVERREACH_HOME=long + "y")

    assert first.redis_socket
    assert len(os.fsencode(first.redis_socket)) < 104
    assert first.redis_socket != second.redis_socket
    assert first == settings(EVERREACH_HOME=long)


def test_a_space_in_the_home_survives_the_socket_address():
    found = settings(EVERREACH_HOME="/srv/ever reach")

    assert found.redis_url == "unix:///srv/ever%20reach/valkey/redis.sock"
    assert found.redis_socket == Path("/srv/ever reach/valkey/redis.sock")


def test_a_secret_may_be_in_a_file(tmp_path: Path):
    file = tmp_path / "database"
    file.write_text("postgres://u:p@db/e\n")

    assert "u:p@db" in settings(DATABASE_URL_FILE=str(file)).database_url


def test_a_secret_is_in_one_place_only(tmp_path: Path):
    error = refused(REDIS_URL="redis://a", REDIS_URL_FILE=str(tmp_path))

    assert error.path == "REDIS_URL"


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    error = refused(REDIS_URL_FILE=str(tmp_path / "gone"))

    assert error.path == "REDIS_URL_FILE"
    assert "No such file" in error.problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EVERREACH_PORT", "http"),
        ("EVERREACH_PORT", "0"),
        ("EVERREACH_PORT", "65536"),
        ("EVERREACH_PORT", "²"),
        ("EVERREACH_SANDBOX", "maybe"),
        ("EVERREACH_LOG", "loud"),
        ("EVERREACH_HOME", "/srv/what?"),
        ("EVERREACH_PUBLIC_URL", "example.com"),
        ("EVERREACH_PUBLIC_URL", "ftp://example.com"),
        ("DATABASE_URL", "mysql://db/e"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "everreach.db"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://host:port"),
    ],
)
def test_a_wrong_value_names_its_variable_and_a_fix(name: str, value: str):
    error = refused(**{name: value})

    assert error.path == name
    assert error.fix


@pytest.mark.parametrize("value", ["mysql://u:pass/word@db/e", "postgres://u:pa/ss@db"])
def test_an_error_never_repeats_a_password(value: str):
    assert "pa" not in refused(DATABASE_URL=value).problem.replace("password", "")


def test_the_repr_hides_the_addresses():
    found = settings(DATABASE_URL="postgres://u:hush@db/e", REDIS_URL="redis://:hush@q")

    assert "hush" not in repr(found)


def test_the_address_on_this_machine_can_be_opened():
    assert settings(EVERREACH_HOST="0.0.0.0").local_url == "http://127.0.0.1:8000"
    assert settings(EVERREACH_HOST="::1").local_url == "http://[::1]:8000"
