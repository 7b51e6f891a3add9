"""A child never outlives the process that keeps it, not even after `kill -9`.

As a module it starts any other program on a lifeline:
`python -m webapp.lifeline <pid of the keeper> <program> [argument…]`.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from typing import Final

# Set by the supervisor for its children. Without it a process was started by hand, and may
# outlive the shell it was started from.
SUPERVISED: Final = "EVERREACH_SUPERVISED"

_PR_SET_PDEATHSIG: Final = 1
_POLL_SECONDS: Final = 0.5


def die_with_parent() -> None:
    """Tie this process to its parent, if the parent is a supervisor or a server of ours.

    Call it from the main thread's first lines: Linux forgets the tie at `fork`, keeps it
    through `exec`, and means by "parent" the thread that started us.
    """
    if SUPERVISED in os.environ or multiprocessing.parent_process() is not None:
        _tie_to(os.getppid())


def main(arguments: list[str]) -> None:
    """Become the given program, tied to the given keeper."""
    keeper, *command = arguments
    _ask_linux_to_kill_us()
    if os.getppid() != int(keeper):
        sys.exit(0)  # it died while we were starting, before Linux knew
    os.execvp(command[0], command)


def _tie_to(parent: int) -> None:
    if sys.platform == "linux":
        _ask_linux_to_kill_us()
        _die_unless_child_of(parent)
    else:
        threading.Thread(
            target=_watch, args=(parent,), name="lifeline", daemon=True
        ).start()


def _ask_linux_to_kill_us() -> None:
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _watch(parent: int) -> None:
    while True:
        _die_unless_child_of(parent)
        time.sleep(_POLL_SECONDS)


def _die_unless_child_of(parent: int) -> None:
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
