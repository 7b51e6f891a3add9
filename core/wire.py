"""The ways out of this process, side by side: HTTP, mail and the terminal."""

from collections.abc import Iterator, Sequence
from queue import SimpleQueue

from core.http import HttpClient, Numbered, gathered, together
from core.mail import MailClient
from core.ports import (
    Answer,
    HttpRequest,
    MailRequest,
    Printed,
    PrintRequest,
    Request,
)

__all__ = ["Numbered", "Wire", "together"]


class Wire:
    """Exchanges requests of every kind for answers, many at a time."""

    def __init__(self, *, loopback_only: bool = False) -> None:
        """With `loopback_only` nothing leaves this machine: the sandbox's safety catch."""
        self._http = HttpClient(loopback_only=loopback_only)
        self._mail = MailClient(loopback_only=loopback_only)

    def exchange(self, requests: Sequence[Request]) -> Iterator[list[Numbered]]:
        """Perform all requests; yields each one's index and answer as they come in.

        What comes in together comes as one list, and so does what came in while the caller was
        busy with the last ones. Never raises for what the other side does.
        """
        answers: SimpleQueue[Numbered] = SimpleQueue()
        self.send(list(enumerate(requests)), answers)
        return gathered(len(requests), answers)

    def send(
        self, requests: Sequence[tuple[int, Request]], answers: SimpleQueue[Numbered]
    ) -> None:
        """Begin to perform requests. Each answer is put where told, with its number."""
        for number, request in requests:
            if isinstance(request, PrintRequest):
                print(request.text, flush=True)  # noqa: T201  # that is what it is for
                answers.put((number, Printed()))
        self._http.send(
            [(at, one) for at, one in requests if isinstance(one, HttpRequest)], answers
        )
        self._mail.send(
            [(at, one) for at, one in requests if isinstance(one, MailRequest)], answers
        )

    def perform(self, request: Request) -> Answer:
        """Perform one request."""
        ((_, answer),) = next(self.exchange([request]))
        return answer

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()
        self._mail.close()
