import importlib

import pytest

from connectors.registry import discover, load_registry


def test_connectors_are_found_by_lying_in_their_folder():
    registry = load_registry()

    assert {"twilio", "whatsapp_cloud"} <= set(registry.channels)
    assert "shopify" in registry.platforms


def test_connectors_are_imported_once():
    assert load_registry() is load_registry()


@pytest.fixture
def found(tmp_path, monkeypatch):
    """`found(ringer="…")`: what is discovered in a package with these modules."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(**modules):
        package = tmp_path / f"made_up_{len(list(tmp_path.iterdir()))}_{tmp_path.name}"
        package.mkdir()
        (package / "__init__.py").touch()
        for name, source in modules.items():
            (package / f"{name}.py").write_text(source)
        importlib.invalidate_caches()
        return dict(discover(importlib.import_module(package.name), "CHANNEL"))

    return write


RINGER = "class CHANNEL: name = 'ringer'"


def test_a_module_with_an_underscore_is_a_helper(found):
    assert set(found(ringer=RINGER, _helper="")) == {"ringer"}


def test_any_other_module_is_a_connector(found):
    with pytest.raises(TypeError, match="ringer has no CHANNEL"):
        found(ringer="CHANEL = 1")


def test_a_connector_has_the_name_of_its_module(found):
    with pytest.raises(TypeError, match="bell calls itself 'ringer'"):
        found(bell=RINGER)
