"""Whose buttons the sandbox's buttons are."""

from flask import abort, request


def only_our_pages() -> None:
    """Another site's page must not push buttons here; what is no browser may."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    ours = f"{request.scheme}://{request.host}"
    if site != "same-origin" or request.headers.get("Origin", ours) != ours:
        abort(403)
