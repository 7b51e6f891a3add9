"""Short links in messages: `/l/<code>` leads on."""

from flask import Blueprint, Response, abort, current_app, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from core.bootstrap import Everreach
from core.services.links import follow

links = Blueprint("links", __name__)


@links.get("/l/<code>")
def lead(code: str) -> AnyResponse:
    """To the address behind a link. 404 if there is none or it has expired."""
    app: Everreach = current_app.extensions["everreach"]
    headers = {name.lower(): value for name, value in request.headers}
    url = follow(app, code, request.method, headers) or abort(404)
    answer = redirect(url, 302, Response=Response)
    # Everybody who follows it must come by here, and the page behind it learns nothing.
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer
