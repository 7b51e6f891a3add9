"""Looking at the processes of this machine."""

import subprocess
from collections.abc import Iterator

Process = tuple[int, int, str]


def processes() -> list[Process]:
    """Pid, parent and command of every living process."""
    columns = "pid=,ppid=,stat=,command="
    listed = subprocess.run(
        ["ps", "-ww", "-axo", columns], capture_output=True, text=True, check=True
    )
    found = []
    for line in listed.stdout.splitlines():
        pid, parent, state, *command = line.split(maxsplit=3)
        if not state.startswith("Z"):
            found.append((int(pid), int(parent), "".join(command)))
    return found


def living(pids: list[int]) -> set[int]:
    """Those of these that are alive."""
    return {pid for pid, _, _ in processes()} & set(pids)


def memory(pids: list[int]) -> int:
    """Bytes of memory that these hold."""
    columns = ["-o", "rss=", "-p", ",".join(map(str, pids))]
    listed = subprocess.run(
        ["ps", *columns], capture_output=True, text=True, check=True
    )
    return sum(map(int, listed.stdout.split())) * 1024


def descendants(pid: int) -> Iterator[tuple[int, str]]:
    """Pid and command of what a process has started, outermost first."""
    listed = processes()
    generation = {pid}
    while generation:
        children = [one for one in listed if one[1] in generation]
        yield from ((pid, command) for pid, _, command in children)
        generation = {pid for pid, _, _ in children}
