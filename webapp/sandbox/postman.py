"""The thread that posts the world's webhooks to Everreach, when they are due."""

import fcntl
from collections.abc import Callable
from threading import Event, Thread
from typing import IO

import requests
import structlog

from core.ports import Clock
from webapp.sandbox import outbox
from webapp.sandbox.outbox import Waiting, Webhook
from webapp.sandbox.store import WorldFile

_TIMEOUTS = (1, 5)  # seconds to connect and to answer, as Shopify has them
_PAUSE = 0.05
_AFTER_TROUBLE = 1.0

log = structlog.get_logger()


class Postman:
    """Posts what is due, one webhook after the other.

    A webhook leaves the outbox after its answer came, so a kill in between posts it
    again: every real sender may do the same.
    """

    def __init__(
        self,
        file: WorldFile,
        clock: Clock,
        base_url: str,
        signed: Callable[[Webhook], Webhook],
    ) -> None:
        """`base_url` is where this machine reaches Everreach.

        `signed` is for those whose signature says when they are posted.
        """
        self._file = file
        self._clock = clock
        self._base_url = base_url
        self._signed = signed
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="sandbox-postman", daemon=True)
        self._session = requests.Session()
        self._session.trust_env = False

    def start(self) -> None:
        """Begin the rounds."""
        self._thread.start()

    def stop(self) -> None:
        """End them after the webhook that is being posted."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        with self._file.path.with_suffix(".lock").open("w") as lock:
            while not self._stopped.wait(self._round(lock)):
                pass

    def _round(self, lock: IO[str]) -> float:
        """Post everything that is due. For how many seconds to rest then."""
        try:
            while not self._stopped.is_set() and _alone(lock) and self._post_next():
                pass
        except Exception:
            log.exception("sandbox_post_failed")
            return _AFTER_TROUBLE
        return _PAUSE

    def _post_next(self) -> bool:
        """Whether there was something to post and somebody to take it."""
        with self._file.transaction() as tx:
            waiting = outbox.next_due(tx, self._clock.now())
        if waiting is None:
            return False
        try:
            self._settle(waiting, taken=self._post(waiting))
        except requests.ConnectionError:
            # Nobody is at home: the server is starting or stopping. This must not use
            # up the retries, which a fast clock would get through in an instant.
            return False
        return True

    def _post(self, waiting: Waiting) -> bool:
        webhook = self._signed(waiting.webhook)
        try:
            answer = self._session.request(
                "POST" if webhook.body else "GET",
                self._base_url + webhook.path,
                data=webhook.body,
                headers=dict(webhook.headers),
                timeout=_TIMEOUTS,
                allow_redirects=False,
            )
        except requests.ReadTimeout:
            return False
        return 200 <= answer.status_code < 300

    def _settle(self, waiting: Waiting, *, taken: bool) -> None:
        with self._file.transaction() as tx:
            if taken:
                outbox.remove(tx, waiting)
            elif not outbox.put_off(tx, waiting, self._clock.now()):
                path = waiting.webhook.path.partition("?")[0]
                log.warning("sandbox_webhook_given_up", path=path)


def _alone(lock: IO[str]) -> bool:
    """Whether no other process makes the rounds. The kernel unlocks for the dead."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
