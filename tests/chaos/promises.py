"""What is promised, each as a count of what was looked at and a list of what broke it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.services.lessons import OUR_OWN
from tests.chaos.complaints import complaints
from tests.chaos.evidence import Evidence, notes_of
from tests.chaos.inside import Told
from tests.chaos.providers import Received
from tests.support.house import Order

# A decision is dated when it begins, and may then wait for a lock.
BLUR = timedelta(seconds=2)

Look = tuple[str, str]  # what was looked at, and what is wrong with it, if anything
Rule = Callable[[Evidence], Iterator[Look]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one promise fared."""

    promise: str
    looked_at: int
    broken: tuple[str, ...]


def judge(evidence: Evidence) -> list[Verdict]:
    """Every promise."""
    return [_verdict(promise, rule(evidence)) for promise, rule in RULES.items()]


def _verdict(promise: str, looks: Iterator[Look]) -> Verdict:
    seen = list(looks)
    broken = tuple(f"{what}: {wrong}" for what, wrong in seen if wrong)
    return Verdict(promise=promise, looked_at=len(seen), broken=broken)


def events_are_kept(all_: Evidence) -> Iterator[Look]:
    states = {key: state for kind, key, state, _ in all_.arrivals if kind == "event"}
    for deliveries in all_.acknowledged.values():
        for key in deliveries:
            state = states.get(key, "lost")
            yield key, "" if state == "done" else state


def reports_are_kept(all_: Evidence) -> Iterator[Look]:
    for kind, key, state, reason in all_.arrivals:
        if kind == "receipt":
            yield key, "" if state == "done" else f"{state} {reason}"


def one_cascade_each(all_: Evidence) -> Iterator[Look]:
    ours = {order.subject: order for order in all_.acknowledged}
    for subject, order in ours.items():
        found = all_.by_subject.get(subject, [])
        enough = len(found) == 1 or (not found and _heard_too_late(all_, order))
        yield order.name, "" if enough else f"{len(found)} cascades"
    for subject in all_.by_subject.keys() - ours.keys():
        yield subject, "nobody told of it"


def _heard_too_late(all_: Evidence, order: Order) -> bool:
    """Whether every word of its shipping was read after its cancellation, and said so."""
    words = all_.acknowledged[order] - {f"cancelled-{order.name}"}
    reasons = {key: reason for _, key, _, reason in all_.arrivals if key in words}
    ended = all("has ended by" in reason for reason in reasons.values())
    return order in all_.cancelled and bool(reasons) and ended


def all_have_ended(all_: Evidence) -> Iterator[Look]:
    for told in all_.told:
        row = told.stored.row
        ended = row["outcome"] and row["finished_at"] and not row["deadline_at"]
        yield told.view.id, "" if ended else f"waits until {row['deadline_at']}"


def received_once(all_: Evidence) -> Iterator[Look]:
    for reference, received in all_.by_reference.items():
        known = reference in all_.tries
        wrong = "" if len(received) == 1 else f"received {len(received)} times"
        yield reference, wrong if known else "received, and not in the database"


def seen_once(all_: Evidence) -> Iterator[Look]:
    for (_, channel, order), received in all_.by_person.items():
        excused = all(_was_refused(all_, one) for one in received[:-1])
        yield f"{order} {channel}", "" if excused else f"{len(received)} times"


def _was_refused(all_: Evidence, one: Received) -> bool:
    """It was turned away, and the house knew."""
    ours = all_.tries.get(one.sent.reference)
    return one.turned_away and ours is not None and ours[1].failed_at is not None


def silent_after_the_end(all_: Evidence) -> Iterator[Look]:
    for reference, (told, view, row) in all_.tries.items():
        came_in = reference in all_.by_reference
        yield reference, _came_too_late(told, view.sending_at, row["state"], came_in)


def _came_too_late(told: Told, sending_at, state: str, came_in: bool) -> str:
    ended = told.view.finished_at
    if came_in and state == "called_off":
        return "was called off, and sent"
    if state in ("queued", "sending") and ended:
        return f"is {state} though the cascade has ended"
    if sending_at and ended and sending_at > ended + BLUR:
        return f"was taken up at {sending_at}, after the end at {ended}"
    return ""


def nothing_after_a_cancellation(all_: Evidence) -> Iterator[Look]:
    for order, at in all_.cancelled.items():
        for told in all_.by_subject.get(order.subject, []):
            late = [one for one in told.view.tries if _after(one.sending_at, at)]
            ended = told.stored.row["outcome"] is not None
            wrong = f"taken up at {late[0].sending_at}, heard at {at}" if late else ""
            yield order.name, wrong if ended else "goes on"


def _after(sending_at: datetime | None, at: datetime) -> bool:
    return sending_at is not None and sending_at > at


def attempts_agree(all_: Evidence) -> Iterator[Look]:
    for reference, (_, view, row) in all_.tries.items():
        marks = ("sent", "delivered", "read", "failed")
        known = {mark for mark in marks if row[f"{mark}_at"]}
        expected = all_.facts(reference)
        received = all_.by_reference.get(reference, [])
        refused = bool(received) and not received[0].sent.taken
        if not received and known == {"failed"}:
            yield reference, "" if view.failure_code in OUR_OWN else "failed, not sent"
        elif refused and view.accepted_at:
            yield reference, "refused, and accepted"
        elif refused and (view.failed_at or row["unknown_at"]):
            yield reference, "" if known <= {"failed"} else f"refused, and {known}"
        else:
            wrong = (
                f"{sorted(known)} here, {sorted(expected)} there; {view}; {received}"
            )
            yield reference, "" if known == expected else wrong


def cascades_agree(all_: Evidence) -> Iterator[Look]:
    for told in all_.told:
        facts = [all_.facts(one.reference) for one in told.view.tries]
        arrived = any(known & {"delivered", "read"} for known in facts)
        shown = told.view.status in ("delivered", "read")
        wrong = "" if arrived == shown else f"is shown as {told.view.status}"
        yield told.view.id, wrong or _ended_wrongly(told)


def _ended_wrongly(told: Told) -> str:
    """It ended as reached exactly if something had got through by then."""
    because = [note["because"] for note in told.stored.notes]
    if because.count("finished") != 1:
        return f"ended {because.count('finished')} times"
    before = told.stored.notes[: because.index("finished")]
    until = {n: row["until"] for n, row in enumerate(told.stored.attempts)}
    got_through = any(
        note["because"] in _ENOUGH[until[note["facts"]["attempt"]]]
        for note in before
        if note["facts"].get("attempt") is not None
    )
    outcome = told.stored.row["outcome"]
    reached = outcome == "reached"
    if outcome == "cancelled":
        return "cancelled, and got through" if got_through else ""
    return "" if reached == got_through else f"{outcome}, got through: {got_through}"


_ENOUGH = {"delivered": ("delivered", "read"), "read": ("read",)}


def attempts_are_explained(all_: Evidence) -> Iterator[Look]:
    for reference, (told, view, row) in all_.tries.items():
        noted = set(notes_of(told, row["number"]))
        times = ("unknown", "sent", "delivered", "read", "failed")
        missing = {name for name in times if row[f"{name}_at"]} - noted
        if row["fate"] == "timed_out":
            missing |= {"timed_out"} - noted
        if not noted & {"trying", "retrying"}:
            missing.add("why it was made")
        if reference in all_.by_reference and not view.text:
            missing.add("what it said")
        yield reference, f"lacks {', '.join(sorted(missing))}" if missing else ""


def cascades_are_explained(all_: Evidence) -> Iterator[Look]:
    for told in all_.told:
        lines = told.view.timeline
        spoken = all(line.sentence for line in lines) and len(lines) >= 3
        accepted = sum(line.because == "accepted" for line in lines)
        spoken = spoken and accepted == sum(
            bool(one.accepted_at) for one in told.view.tries
        )
        yield told.view.id, "" if spoken else f"{len(lines)} lines"


def what_was_killed_came_back(all_: Evidence) -> Iterator[Look]:
    for name, times in all_.blows.items():
        yield from ((name, "") for _ in range(times))
    for what in all_.stuck:
        yield what, "in the end"


def nothing_to_complain(all_: Evidence) -> Iterator[Look]:
    for line in all_.log.splitlines():
        yield line, ""
    for line in complaints(all_.log):
        yield line, "in the log"


RULES: dict[str, Rule] = {
    "Every acknowledged event was kept and read": events_are_kept,
    "Every acknowledged receipt was kept and read": reports_are_kept,
    "Every occasion became its one cascade": one_cascade_each,
    "Every cascade has ended": all_have_ended,
    "No attempt was received twice": received_once,
    "Nobody was written to twice on a channel": seen_once,
    "Nothing was sent after the end": silent_after_the_end,
    "Nothing was taken up after a cancellation": nothing_after_a_cancellation,
    "Every attempt agrees with its provider": attempts_agree,
    "Every end agrees with the providers": cascades_agree,
    "Every attempt has its history": attempts_are_explained,
    "Every cascade has its sentences": cascades_are_explained,
    "All that was killed came back to work": what_was_killed_came_back,
    "The log has nothing that no kill explains": nothing_to_complain,
}
