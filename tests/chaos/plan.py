"""What will happen to each order, drawn from one seed.

How a run goes also depends on the machine; what was meant to happen in it does not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

from tests.support.house import Order

# Windows of a few seconds. A busy provider is asked again after five, which one of them allows.
ACCOUNTS = {
    "hasty": {"phone_number_id": "101", "wait": "3s", "sms_wait": "4s"},
    "patient": {"phone_number_id": "102", "wait": "8s", "sms_wait": "8s"},
    "reader": {
        "phone_number_id": "103",
        "wait": "4s",
        "sms_wait": "4s",
        "until": "read",
    },
}
LATE = (4.0, 14.0)  # seconds: before the end of some windows, after the end of others
NO_WHATSAPP = (131026, 131049, 132001, 131047)
LOCKED = 131031  # the whole account: nobody uses this sender for a while
NO_SMS = (21211, 21614, 21610, 30007)
NOT_DELIVERED = (30003, 30005, 30008)
PAIR_LIMIT = 131056  # told in a receipt, and a reason to try again


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a provider tells in one go, how long after it got the message, how often."""

    statuses: tuple[str, ...]
    after: float
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What a provider does with the messages about an order."""

    kind: str = ""
    reports: tuple[Report, ...] = ()
    code: int | None = None  # why, where it tells of a failure
    refuses: int | None = None  # does not take it, with this code
    busy: int = 0  # so many times it is first turned away
    busy_by_receipt: bool = False  # and only told so after it was taken
    hangs_up: bool = False  # takes it, and closes the connection
    takes: float = 0.0  # seconds until it answers; receipts may come first
    tells_reference: bool = True  # receipts carry our reference, not only the id


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One delivery of the event by the platform, until it is heard."""

    webhook_id: str
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An order, how it is told of, and what becomes of the messages about it."""

    order: Order
    copies: tuple[Copy, ...]
    ways: Mapping[str, Way]
    cancelled_after: float | None  # so long after it was first heard


def plan(seed: int, number: int) -> Plan:
    """The same for the same seed."""
    chance = Random(f"{seed}:{number}")
    order = Order.of(number, chance.choice(sorted(ACCOUNTS)))
    ways = {"whatsapp": _way(chance, _WHATSAPP), "sms": _way(chance, _SMS)}
    copies = _copies(chance, order)
    cancelled_after = _soon(chance, 8) if chance.random() < 0.08 else None
    return Plan(order=order, copies=copies, ways=ways, cancelled_after=cancelled_after)


def _copies(chance: Random, order: Order) -> tuple[Copy, ...]:
    first, second = f"shipped-{order.name}", f"also-shipped-{order.name}"
    copies = [Copy(webhook_id=first, after=0.0)]
    if chance.random() < 0.15:  # it did not hear our answer
        copies.append(Copy(webhook_id=first, after=_soon(chance, 5)))
    if chance.random() < 0.10:  # it is subscribed twice
        copies.append(Copy(webhook_id=second, after=_soon(chance, 5)))
    return tuple(copies)


Maker = Callable[[Random], Way]


def _way(chance: Random, makers: Mapping[str, tuple[int, Maker]]) -> Way:
    weights = [weight for weight, _ in makers.values()]
    (kind,) = chance.choices(list(makers), weights)
    way = replace(makers[kind][1](chance), kind=kind)
    if chance.random() < 0.03:
        way = replace(way, takes=chance.uniform(0.1, 1.0))
    id_only = chance.random() < 0.05 and not way.hangs_up
    if id_only and makers is _WHATSAPP:  # an SMS has it in its callback's address
        way = replace(way, tells_reference=False)
    return way


def _delivers(chance: Random) -> Way:
    return Way(reports=_told(chance, ("sent", "delivered")))


def _is_read(chance: Random) -> Way:
    return Way(reports=_told(chance, ("sent", "delivered", "read"), within=4))


def _is_silent(_: Random) -> Way:
    return Way()


def _is_late(chance: Random) -> Way:
    first = _told(chance, ("sent",))
    after = chance.uniform(*LATE)
    return Way(reports=(*first, *_told(chance, ("delivered",), begin=after)))


def _refuses(chance: Random, codes: tuple[int, ...]) -> Way:
    return Way(refuses=chance.choice(codes))


def _is_locked(_: Random) -> Way:
    return Way(refuses=LOCKED)


def _fails(chance: Random, word: str, codes: tuple[int, ...]) -> Way:
    return Way(reports=_told(chance, ("sent", word)), code=chance.choice(codes))


def _busy(chance: Random) -> Way:
    return replace(_delivers(chance), busy=chance.choice((10, 1, 2)))


def _busy_by_receipt(chance: Random) -> Way:
    return replace(_delivers(chance), busy=1, busy_by_receipt=True)


def _always_busy(_: Random) -> Way:
    return Way(busy=99)


def _hangs_up(chance: Random) -> Way:
    return replace(_delivers(chance), hangs_up=True)


def _hangs_up_and_is_silent(_: Random) -> Way:
    return Way(hangs_up=True)


_WHATSAPP: Mapping[str, tuple[int, Maker]] = {
    "delivers": (3400, _delivers),
    "is read": (1000, _is_read),
    "is silent": (900, _is_silent),
    "refuses": (1000, lambda chance: _refuses(chance, NO_WHATSAPP)),
    "is locked": (1, _is_locked),
    "fails": (900, lambda chance: _fails(chance, "failed", NO_WHATSAPP)),
    "is busy": (800, _busy),
    "is busy, by receipt": (300, _busy_by_receipt),
    "is always busy": (200, _always_busy),
    "hangs up": (500, _hangs_up),
    "hangs up, is silent": (300, _hangs_up_and_is_silent),
    "is late": (700, _is_late),
}
_SMS: Mapping[str, tuple[int, Maker]] = {
    "delivers": (55, _delivers),
    "is silent": (7, _is_silent),
    "refuses": (10, lambda chance: _refuses(chance, NO_SMS)),
    "fails": (10, lambda chance: _fails(chance, "undelivered", NOT_DELIVERED)),
    "is busy": (6, _busy),
    "hangs up": (5, _hangs_up),
    "is late": (7, _is_late),
}


def _told(
    chance: Random, words: tuple[str, ...], *, within: float = 1.5, begin: float = 0
) -> tuple[Report, ...]:
    """Each on its own or all in one batch; some twice, some in the wrong order."""
    times = sorted(begin + _soon(chance, within) for _ in words)
    if chance.random() < 0.2:
        chance.shuffle(times)
    if chance.random() < 0.1:
        return (Report(statuses=words, after=max(times), times=_often(chance)),)
    return tuple(
        Report(statuses=(word,), after=after, times=_often(chance))
        for word, after in zip(words, times, strict=True)
    )


def _often(chance: Random) -> int:
    return chance.choices((1, 2, 3), (80, 15, 5))[0]


def _soon(chance: Random, seconds: float) -> float:
    return chance.uniform(0, seconds)
