"""When to try a busy provider again. A decision that is returned; nothing sleeps."""

from datetime import timedelta
from hashlib import sha256

MAX_TRIES = 6
FIRST_DELAY = timedelta(seconds=5)
MAX_DELAY = timedelta(minutes=10)


def retry_delay(
    seed: str, tries: int, retry_after: timedelta | None = None
) -> timedelta | None:
    """How long to wait after `tries` refusals, or None to give up.

    Exponential, never shorter than the provider asks (`Retry-After`). The jitter of up to a
    quarter comes from `seed`, so that it is spread over cascades and yet repeatable.
    """
    if tries >= MAX_TRIES:
        return None
    delay = min(FIRST_DELAY * float(2 ** (tries - 1)), MAX_DELAY)
    delay = max(delay, retry_after or timedelta())
    return delay * (1 + _fraction(f"{seed}:{tries}") / 4)


def _fraction(seed: str) -> float:
    return int.from_bytes(sha256(seed.encode()).digest()[:4]) / 2**32
