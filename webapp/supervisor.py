"""`everreach up`: the embedded Valkey, the web server and the workers as one tree.

The supervisor starts its children, says in one line when one had to be started again, and
stops them in order. Each child is in a session of its own, so that Ctrl-C reaches the
supervisor alone; each is on a lifeline (`webapp.lifeline`), so that none outlives it.
"""

import contextlib
import math
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Final

from webapp.lifeline import SUPERVISED

GRACE_SECONDS: Final = 5.0

_BACK_OFF_FIRST: Final = 0.25
_BACK_OFF_MOST: Final = 10.0
_STEADY_SECONDS: Final = 10.0
_SECOND_THOUGHT_SECONDS: Final = 0.3

Say = Callable[[str], None]


class Child:
    """One program that should be running, and its output."""

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], say: Say
    ) -> None:
        """Nothing is started yet."""
        self.name = name
        self._command = command
        self._env = env
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._output: threading.Thread | None = None
        self._started = 0.0
        self._pause = _BACK_OFF_FIRST
        self.due: float | None = None

    @property
    def pid(self) -> int | None:
        """Its process, while it is running."""
        return self._process.pid if self._process and self.running else None

    @property
    def running(self) -> bool:
        """Whether it is alive now."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, on a lifeline. Call this from the main thread, which Linux ties it to."""
        lifeline = [sys.executable, "-P", "-m", "webapp.lifeline", str(os.getpid())]
        self._started, self.due = time.monotonic(), None
        self._process = subprocess.Popen(
            [*lifeline, *self._command],
            env={**self._env, SUPERVISED: "1", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._output = threading.Thread(
            target=self._pass_through, args=(self._process,), daemon=True
        )
        self._output.start()

    def look(self) -> None:
        """Notice that it ended, and start it again once its pause is over."""
        if self.running or self._process is None:
            return
        if self.due is None:
            self._mourn()
        elif time.monotonic() >= self.due:
            self.start()

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process:
            self._process.terminate()

    def kill(self) -> None:
        """End it and whatever it started: they share a process group."""
        # Once mourned, its number may be anybody's.
        if self._process and self.due is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def drain(self) -> None:
        """Let its last lines come out. A descendant of its own may still hold the pipe."""
        if self._output:
            self._output.join(timeout=0.5)

    def _mourn(self) -> None:
        self.kill()  # what it started may have outlived it
        self.drain()
        if time.monotonic() - self._started > _STEADY_SECONDS:
            self._pause = _BACK_OFF_FIRST
        self.due = time.monotonic() + self._pause
        wait = f" in {self._pause:.0f} s" if self._pause >= 1 else ""
        self._say(f"{self.name} {self.ending()}; starting it again{wait}")
        self._pause = min(self._pause * 2, _BACK_OFF_MOST)

    def ending(self) -> str:
        """How it ended, in words."""
        code = self._process.poll() if self._process else None
        if code is None:
            return "is running" if self._process else "was not started"
        return (
            f"ended with signal {-code}" if code < 0 else f"ended with exit code {code}"
        )

    def _pass_through(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                text = line.decode(errors="replace").rstrip()
                self._say(f"{self.name:<12} | {text}")


class Supervisor:
    """A few children, kept running until somebody asks to stop."""

    def __init__(self, say: Say, *, grace: float = GRACE_SECONDS) -> None:
        """Children are added one by one, in the order in which they are started."""
        self._say = say
        self._grace = grace
        self._children: list[Child] = []
        self._signals = 0
        self._last_signal = -math.inf
        self._wake_read, self._wake_write = os.pipe()
        self._selector = selectors.DefaultSelector()

    @property
    def stopping(self) -> bool:
        """Whether somebody asked to stop."""
        return self._signals > 0

    @property
    def hurried(self) -> bool:
        """Whether somebody asked to stop twice."""
        return self._signals > 1

    @contextlib.contextmanager
    def signals(self) -> Iterator["Supervisor"]:
        """Take the signals of this process for as long as the block runs."""
        for end in (self._wake_read, self._wake_write):
            os.set_blocking(end, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        # The wake-up descriptor, not a lock: a handler may run while a lock is held.
        old_wake = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        old = {n: signal.signal(n, self._asked) for n in _stop_signals()}
        old[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, _noted)
        try:
            yield self
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(old_wake)
            self._selector.close()
            os.close(self._wake_read)
            os.close(self._wake_write)

    def add(self, *children: Child) -> None:
        """Start children and keep them from now on."""
        for child in children:
            self._children.append(child)
            child.start()

    def keep(self, *, meanwhile: Callable[[], None], pause: float = 0.1) -> None:
        """Restart what ends until asked to stop. `meanwhile` is called at every look."""
        while not self.stopping:
            for child in self._children:
                child.look()
            meanwhile()
            self.sleep(pause)

    def sleep(self, seconds: float) -> None:
        """Wait, or less long if a signal comes or a child ends."""
        if self._selector.select(max(seconds, 0.0)):
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_read, 512)

    def wait_for(self, happened: Callable[[], bool], seconds: float) -> bool:
        """Wait until something happened; False if time or patience ran out."""
        end = time.monotonic() + seconds
        impatience = self._signals
        while not happened():
            if time.monotonic() >= end or self._signals > impatience:
                return False
            self.sleep(0.05)
        return True

    def stop(self, order: Iterable[Sequence[Child]] | None = None) -> None:
        """End every child: group after group, or the youngest first."""
        groups = order or [[child] for child in reversed(self._children)]
        for group in groups:
            self._end(group)

    def _end(self, group: Sequence[Child]) -> None:
        def ended() -> bool:
            return not any(child.running for child in group)

        if not self.hurried:
            for child in group:
                child.terminate()
            self.wait_for(ended, self._grace)
        for child in group:
            self._kill(child)
        self.wait_for(ended, self._grace)
        for child in group:
            child.drain()

    def _kill(self, child: Child) -> None:
        if child.running and not self.hurried:
            self._say(f"{child.name} did not stop in time; killing it")
        child.kill()

    def _asked(self, number: int, frame: FrameType | None) -> None:
        # `make` and a terminal both pass one Ctrl-C on: a second one takes a person longer.
        if time.monotonic() - self._last_signal > _SECOND_THOUGHT_SECONDS:
            self._signals += 1
            self._last_signal = time.monotonic()


def _stop_signals() -> list[signal.Signals]:
    # `nohup` means it: a closed terminal is then no reason to stop.
    nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if nohup else [signal.SIGHUP])]


def _noted(number: int, frame: FrameType | None) -> None:
    """A child ended. The wake-up descriptor has said so already."""
