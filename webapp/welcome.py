"""The page at `/` where there is nothing to see yet: sign-in does not exist outside the sandbox."""

from flask import Blueprint, render_template

welcome = Blueprint("welcome", __name__)


@welcome.get("/")
def page() -> str:
    """Says that Everreach runs and how to go on."""
    return render_template("plain.html", code=None)
