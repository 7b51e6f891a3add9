"""Some providers tell by GET what others post."""

from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from connectors.channels.kannel.callback import report_url
from core.bootstrap import Everreach
from core.services.setup import apply
from core.store.inbox import RECEIPT, waiting
from core.store.origins import sender
from core.store.turns import Turns
from tests.support import riverside
from webapp.app import build_app

PATH = "/receipts/kannel/riverside.own"
OWN = """  - {key: own, provider: kannel, config: {base_url: "http://127.0.0.1:1", username: me, password: pw, callback_secret: callback-secret-1}}
messages:"""


@pytest.fixture
def client(app: Everreach) -> FlaskClient:
    apply(app, riverside.setup().replace("messages:", OWN, 1), {})
    return build_app(app).test_client()


@pytest.fixture
def report(app: Everreach, client: FlaskClient) -> str:
    """The path and query that this sender's Kannel calls when an SMS has arrived."""
    with app.store.read() as tx:
        origin = sender(tx, "kannel", "riverside.own")
    assert origin
    config = app.config_of(app.registry.channels["kannel"], origin.row)
    address = report_url(f"https://ever.example{PATH}", "att_1", config)
    parts = urlsplit(address.replace("%d", "1").replace("%A", "").replace("%T", "1"))
    return f"{parts.path}?{parts.query}"


def test_a_report_by_get_is_kept_once(
    app: Everreach, client: FlaskClient, report: str
) -> None:
    answers = [client.get(report) for _ in range(2)]

    assert [(one.status_code, one.data) for one in answers] == [(200, b"")] * 2
    with app.store.write() as tx:
        [kept] = waiting(tx, RECEIPT, 10, Turns())
    assert kept.url.endswith(report)


def test_a_report_by_get_that_nobody_can_have_made_is_refused(
    app: Everreach, client: FlaskClient, report: str
) -> None:
    forged = report.replace("att_1", "att_2")

    assert client.get(forged).status_code == 403
    assert client.get(PATH).status_code == 403
    assert client.get(report.replace("own", "other")).status_code == 404
    with app.store.write() as tx:
        assert list(waiting(tx, RECEIPT, 10, Turns())) == []
