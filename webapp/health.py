"""Whether this installation is alive (`/healthz`) and able to work (`/readyz`)."""

from datetime import timedelta

from flask import Blueprint, Response, current_app, jsonify
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core.bootstrap import Everreach
from core.store.work import LANES

health = Blueprint("health", __name__)

STALE = timedelta(seconds=10)


@health.get("/healthz")
def healthz() -> Response:
    """This process answers."""
    return jsonify(ok=True)


@health.get("/readyz")
def readyz() -> tuple[Response, int]:
    """The database and Redis answer, and every lane has a living worker."""
    app: Everreach = current_app.extensions["everreach"]
    problems = {
        name: problem
        for name, problem in (
            ("database", _database(app)),
            ("redis", _redis(app)),
            ("workers", _workers(app)),
        )
        if problem
    }
    return jsonify(ok=not problems, problems=problems), 503 if problems else 200


def _database(app: Everreach) -> str:
    try:
        app.store.ping()
    except SQLAlchemyError as error:
        return f"the database does not answer ({type(error).__name__})"
    return ""


def _redis(app: Everreach) -> str:
    try:
        app.bell.ping()
    except RedisError as error:
        return f"Redis does not answer ({type(error).__name__})"
    return ""


def _workers(app: Everreach) -> str:
    try:
        beats = app.bell.heartbeats()
    except RedisError:
        return "not known while Redis does not answer"
    now = app.clock.wall()
    dead = [lane for lane in LANES if lane not in beats or now - beats[lane] > STALE]
    return f"no worker serves {', '.join(dead)}" if dead else ""
