"""Credentials at rest."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.fernet import Fernet

from core.errors import SetupError
from core.vault import Vault

SECRETS = {"auth_token": ["new", "old"]}


def a_key():
    return Fernet.generate_key().decode()


def test_what_is_sealed_can_be_unsealed_and_not_read(tmp_path):
    vault = Vault.open(tmp_path, {})
    sealed = vault.seal(SECRETS)

    assert b"auth_token" not in sealed
    assert vault.unseal(sealed) == SECRETS


def test_a_key_is_made_on_first_use_for_its_owner_only(tmp_path):
    home = tmp_path / "new" / "home"
    sealed = Vault.open(home, {}).seal(SECRETS)

    assert (home / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.iterdir()] == ["secret.key"]
    assert Vault.open(home, {}).unseal(sealed) == SECRETS


def test_processes_that_start_at_once_agree_on_one_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        vaults = list(pool.map(lambda _: Vault.open(tmp_path, {}), range(32)))

    sealed = [vault.seal(SECRETS) for vault in vaults]
    assert all(vaults[0].unseal(one) == SECRETS for one in sealed)


def test_the_environment_may_hold_the_key(tmp_path):
    key = a_key()
    sealed = Vault.open(tmp_path, {"EVERREACH_KEY": key}).seal(SECRETS)

    assert Fernet(key).decrypt(sealed)
    assert not (tmp_path / "secret.key").exists()


def test_the_environment_may_name_the_keys_file(tmp_path):
    file = tmp_path / "keys"
    file.write_text(f"{a_key()}\n{a_key()}\n")

    vault = Vault.open(tmp_path, {"EVERREACH_KEY_FILE": str(file)})
    assert vault.unseal(vault.seal(SECRETS)) == SECRETS


@pytest.mark.parametrize("separator", [",", "\n", ", ", "\r\n"])
def test_the_first_key_seals_and_all_unseal(tmp_path, separator):
    new, old = a_key(), a_key()
    sealed = Vault([old], "EVERREACH_KEY").seal(SECRETS)
    vault = Vault.open(tmp_path, {"EVERREACH_KEY": separator.join([new, old])})

    assert vault.unseal(sealed) == SECRETS
    assert vault.is_outdated(sealed)
    assert not vault.is_outdated(vault.seal(SECRETS))


def test_another_key_is_told_from_the_right_one(tmp_path):
    sealed = Vault([a_key()], "EVERREACH_KEY").seal(SECRETS)

    with pytest.raises(SetupError, match="Put back the key"):
        Vault.open(tmp_path, {}).unseal(sealed)


def test_what_is_no_key_is_refused_without_showing_it(tmp_path):
    with pytest.raises(SetupError) as caught:
        Vault.open(tmp_path, {"EVERREACH_KEY": f"{a_key()},hush-hush"})

    assert str(caught.value).startswith("EVERREACH_KEY: key 2 is not an encryption key")
    assert "hush-hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_empty_key_file_is_refused(tmp_path):
    (tmp_path / "secret.key").write_text("\n")

    with pytest.raises(SetupError, match=r"secret\.key: holds no key"):
        Vault.open(tmp_path, {})


def test_a_key_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SetupError, match=r"nowhere: cannot be read \(No such file"):
        Vault.open(tmp_path, {"EVERREACH_KEY_FILE": str(tmp_path / "nowhere")})


def test_the_key_and_its_file_exclude_each_other(tmp_path):
    env = {"EVERREACH_KEY": a_key(), "EVERREACH_KEY_FILE": "x"}

    with pytest.raises(SetupError, match="Keep one of them"):
        Vault.open(tmp_path, env)


def test_a_home_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "home").write_text("a file")

    with pytest.raises(SetupError, match="cannot be written"):
        Vault.open(tmp_path / "home" / "inner", {})


def test_a_signature_is_good_for_its_text_and_its_keys_only() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    signature = Vault([old], "test").sign("a text")

    assert Vault([new, old], "test").signed("a text", signature)
    assert not Vault([old], "test").signed("another", signature)
    assert not Vault([new], "test").signed("a text", signature)
    assert Vault([new, old], "test").sign("a text") != signature
