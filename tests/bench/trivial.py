"""The least that a Flask app can do with a POST."""

from flask import Flask, request


def create_app() -> Flask:
    """An app that reads the body and answers 200."""
    app = Flask(__name__)

    @app.post("/")
    def hook() -> str:
        request.get_data()
        return ""

    return app
