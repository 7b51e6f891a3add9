"""What is on this machine."""

from ipaddress import ip_address


def is_loopback_host(host: str) -> bool:
    """Whether a host's name or address is this machine's loopback."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
