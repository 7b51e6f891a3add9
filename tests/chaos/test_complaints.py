from tests.chaos.complaints import complaints

LOST = "sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection failed"
STUCK = "sqlalchemy.exc.OperationalError: (psycopg.errors.DeadlockDetected) deadlock"


def said(end: str) -> str:
    frames = (
        'Traceback (most recent call last):\\n  File \\"a.py\\", line 1\\n    f()\\n'
    )
    return f'worker-send  | level=error event=lane_failed exception="{frames}{end}"'


def test_a_kill_explains_a_lost_connection():
    assert complaints(said(LOST)) == []


def test_nothing_explains_a_deadlock_or_a_bug():
    assert complaints(said(STUCK))
    assert complaints(said("KeyError: 'phone'")) == ["KeyError: 'phone'\""]
    assert complaints("web | event=arrival_failed inbox_id=3")


def test_children_speak_at_the_same_time():
    lines = ["a | Traceback (most recent call last):", "b | KeyError", "a |   f()"]

    assert complaints("\n".join([*lines, "a | ValueError: no"])) == ["ValueError: no"]
