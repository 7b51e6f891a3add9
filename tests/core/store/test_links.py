"""Short links as they are kept."""

from core.store import links
from core.store.links import Made
from tests.conftest import NOON
from tests.support.line import Line


def test_a_link_that_is_made_again_stays_as_it_was(line: Line) -> None:
    reference = line.ship().tries[0].reference
    made = Made(
        code="abc", account_id=1, attempt=reference, url="https://a/", expires_at=None
    )
    again = Made(
        code="abc", account_id=1, attempt=reference, url="https://b/", expires_at=NOON
    )
    with line.app.store.write() as tx:
        links.add(tx, [made])
        links.add(tx, [again])
        found = links.find(tx, "abc")

    assert found
    assert (found.url, found.expires_at) == ("https://a/", None)
