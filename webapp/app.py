"""The web process. `create_app` wires and does nothing else."""

import atexit
import os
import secrets
from contextlib import ExitStack

import structlog
from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from connectors.registry import load_registry
from core.bootstrap import Everreach, open_everreach
from core.config import Settings
from webapp import sandbox, ui
from webapp.api import api, is_api, problem
from webapp.express import MAX_BODY, Express
from webapp.health import health
from webapp.inbound import inbound
from webapp.lifeline import die_with_parent
from webapp.links import links
from webapp.optout import optout
from webapp.panel import panel
from webapp.welcome import welcome

log = structlog.get_logger()

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def create_app() -> Flask:
    """The app that the web server runs, from the environment. Raises SetupError."""
    die_with_parent()
    stack = ExitStack()
    everreach = open_everreach(Settings.from_env(os.environ), load_registry())
    atexit.register(stack.close)
    return build_app(stack.enter_context(everreach))


def build_app(everreach: Everreach) -> Flask:
    """The Flask app of an installation that is open."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.extensions["everreach"] = everreach
    ui.install(app)
    app.register_blueprint(inbound)
    app.register_blueprint(api)
    app.register_blueprint(health)
    app.register_blueprint(optout)
    app.register_blueprint(links)
    app.register_error_handler(HTTPException, _say)
    app.register_error_handler(InternalServerError, _own_up)
    app.logger.disabled = True  # it says what `_own_up` says, in another form
    app.after_request(_protect)
    if everreach.settings.sandbox:
        app.register_blueprint(panel)
        sandbox.install(app, everreach)
    else:
        app.register_blueprint(welcome)
    app.wsgi_app = Express(everreach, app.wsgi_app).answer  # type: ignore[method-assign, assignment]  # as Flask has it
    return app


def _say(error: HTTPException) -> tuple[str, int] | HTTPException | Response:
    if error.response or (error.code or 500) < 400:
        return error
    if is_api(request.path):
        return problem(error)
    code = error.code or 500
    return render_template("plain.html", code=code), code


def _own_up(error: InternalServerError) -> tuple[str, int] | Response:
    """The page quotes an id by which the log can be searched."""
    incident = secrets.token_hex(4)
    log.error(
        "request_broke",
        incident=incident,
        method=request.method,
        path=request.path,
        exc_info=error.original_exception or error,
    )
    if is_api(request.path):
        return problem(InternalServerError(f"It is our fault: {incident} in the log."))
    return render_template("plain.html", code=500, incident=incident), 500


def _protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cache-Control", "no-store")
    return response
