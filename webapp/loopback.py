"""Pages that only this machine may see."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import abort, request

LOCAL_NAMES = {"127.0.0.1", "localhost", "::1"}


def require_loopback() -> None:
    """404 for everybody else.

    The Host header is checked too: a web page elsewhere can point a name of its own at
    127.0.0.1 and have the visitor's browser ask us.
    """
    try:
        local = ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        local = False
    host = urlsplit(f"//{request.host}").hostname
    if not local or host not in LOCAL_NAMES:
        abort(404)
