"""The page behind the opt-out of an email.

A GET only shows a button: programs that check links for viruses follow them all. A POST opts
out, from that button or from a mail program's own (RFC 8058).
"""

from flask import Blueprint, abort, current_app, render_template

from core.bootstrap import Everreach
from core.services import optout as services

optout = Blueprint("optout", __name__)


@optout.get("/unsubscribe/<token>")
def page(token: str) -> str:
    """Asks."""
    offer = services.offer(_app(), token) or abort(404)
    return render_template("unsubscribe.html", offer=offer, done=False)


@optout.post("/unsubscribe/<token>")
def act(token: str) -> str:
    """Opts out."""
    offer = services.opt_out(_app(), token) or abort(404)
    return render_template("unsubscribe.html", offer=offer, done=True)


def _app() -> Everreach:
    app = current_app.extensions["everreach"]
    assert isinstance(app, Everreach)
    return app
