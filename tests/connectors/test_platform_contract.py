"""What every platform must keep, from its fixtures alone: config, signed, and its events."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.registry import load_registry
from core.errors import BadSignature, Malformed
from core.occasions import EVENTS
from core.ports import Happening, Ignored, InboundRequest
from tests.support.riverside import NOW

HERE = Path(__file__).parent
PLATFORMS = load_registry().platforms

every_platform = pytest.mark.parametrize("name", sorted(PLATFORMS))

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


def events(name: str) -> list[str]:
    stems = [path.stem for path in (HERE / "fixtures/platforms" / name).glob("*.json")]
    return sorted(s for s in stems if s != "config" and not s.startswith("signed"))


def topics(name: str) -> set[str]:
    folder = HERE / "fixtures/platforms" / name
    saved = [json.loads((folder / f"{stem}.json").read_text()) for stem in events(name)]
    return {json.dumps(fixture["headers"]) for fixture in saved}


EVERY_EVENT = [(name, stem) for name in sorted(PLATFORMS) for stem in events(name)]
EVERY_TOPIC = [
    (name, headers) for name in sorted(PLATFORMS) for headers in topics(name)
]


@every_platform
def test_it_is_called_as_its_module(name):
    module = PLATFORMS[name].__class__.__module__

    assert module.split(".")[2] == name


@every_platform
def test_nothing_shows_its_secrets(name, config, secret_words):
    settings = config(f"platforms/{name}")

    for secret in secret_words(f"platforms/{name}"):
        assert secret not in repr(settings)


@every_platform
def test_it_knows_what_it_signed(name, inbound, config):
    request = inbound(f"platforms/{name}/signed")

    PLATFORMS[name].verify(request, config(f"platforms/{name}"))


@every_platform
def test_it_refuses_a_changed_body(name, inbound, config):
    request = inbound(f"platforms/{name}/signed")
    changed = replace(request, body=request.body + b" ")

    with pytest.raises(BadSignature):
        PLATFORMS[name].verify(changed, config(f"platforms/{name}"))


@every_platform
def test_it_refuses_what_is_not_signed(name, inbound, config):
    request = inbound(f"platforms/{name}/signed", headers={})

    with pytest.raises(BadSignature):
        PLATFORMS[name].verify(request, config(f"platforms/{name}"))


@every_platform
def test_it_has_a_test_for_every_fixture(name):
    source = (HERE / "platforms" / f"test_{name}.py").read_text()

    assert all(f'"{stem}"' in source for stem in events(name))


@pytest.mark.parametrize(("name", "stem"), EVERY_EVENT)
def test_it_tells_only_what_a_message_may_say(name, stem, inbound):
    found = PLATFORMS[name].translate(inbound(f"platforms/{name}/{stem}"))

    if isinstance(found, Ignored):
        assert found.reason
        return
    for happening in found:
        assert set(happening.fields) <= set(EVENTS[happening.name])
        assert all(happening.fields.values())
        assert happening.subject.startswith(f"{name}:")


@pytest.mark.parametrize(("name", "headers"), EVERY_TOPIC)
@given(data=st.data())
def test_any_body_means_something_or_is_malformed(name, headers, data):
    # A good body with one part replaced gets further than a random one.
    body = data.draw(st.binary() | _mutations(name).map(json.dumps).map(str.encode))
    request = InboundRequest(
        method="POST",
        url="https://ever.example/",
        headers=json.loads(headers),
        body=body,
        received_at=NOW,
    )

    try:
        found = PLATFORMS[name].translate(request)
    except Malformed:
        return
    assert isinstance(found, Ignored) or all(
        isinstance(one, Happening) for one in found
    )


@st.composite
def _mutations(draw, name):
    stem = draw(st.sampled_from(events(name)))
    saved = json.loads((HERE / f"fixtures/platforms/{name}/{stem}.json").read_text())
    body = saved["body"]
    others = leaves | st.lists(leaves) | st.dictionaries(st.text(), leaves)
    if not isinstance(body, dict):
        return draw(others)
    changed = st.dictionaries(st.sampled_from(sorted(body)), others, max_size=3)
    return {**body, **draw(changed)}
