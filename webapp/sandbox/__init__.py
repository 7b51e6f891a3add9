"""The sandbox: Everreach with the outside world played by its own web process.

The connectors, the hooks and the workers are the real ones; only the addresses that
they speak to are on this machine.
"""

from flask import Flask

from core.bootstrap import Everreach
from core.clock import FastClock
from core.errors import SetupError
from core.store.setup import other_account
from webapp.sandbox.views import apply_way, sandbox
from webapp.sandbox.wire import providers
from webapp.sandbox.world import World

__all__ = ["install"]

ACCOUNT = "sandbox"


def install(flask_app: Flask, everreach: Everreach) -> World:
    """Set up the sandbox's account and set its world going.

    Raises SetupError if the database is not the sandbox's own.
    """
    clock = everreach.clock
    if not isinstance(clock, FastClock):
        raise SetupError("EVERREACH_SANDBOX", "the sandbox needs its own clock")
    _refuse_other_accounts(everreach)
    world = World.open(everreach.settings, clock)
    world.mail.start()  # which may change its address
    apply_way(everreach, world.way())
    flask_app.extensions["sandbox"] = world
    flask_app.register_blueprint(sandbox)
    flask_app.register_blueprint(providers)
    world.postman.start()
    return world


def _refuse_other_accounts(everreach: Everreach) -> None:
    with everreach.store.read() as tx:
        other = other_account(tx, ACCOUNT)
    if other:
        raise SetupError(
            "DATABASE_URL",
            f"this database belongs to the account {other}, not to the sandbox",
            "Unset DATABASE_URL, or name an empty database",
        )
