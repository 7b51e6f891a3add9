"""What Kannel's answers and an SMSC's last words mean to a cascade.

Kannel has no codes: the first group are names of ours for its sentences. `UNDELIV` and the like
are the states of SMPP 3.4 (appendix B), `0x…` its command status (section 5.1.3).
"""

from connectors.failures import Table, absent, table
from core.cascade.status import FailureClass

_NEXT, _RETRY = FailureClass.NEXT, FailureClass.RETRY
_TEMPLATE, _HALT = FailureClass.TEMPLATE, FailureClass.HALT

FAILURES: Table = table(
    (_HALT, "the user name, the password or our address is refused", ("login",)),
    (_NEXT, "no connection of this Kannel leads there", ("no_route",)),
    (_NEXT, "this Kannel's lists do not let it pass", ("listed",)),
    (_RETRY, "its queue is full or the connection is down", ("busy",)),
    (_TEMPLATE, "there is no sender, here or in kannel.conf", ("no_sender",)),
    (_TEMPLATE, "Kannel does not take the request", ("rejected",)),
    (absent(days=30), "there is no such number", ("0x0000000b",)),
    (_TEMPLATE, "the SMSC does not take this sender", ("0x0000000a",)),
    (_NEXT, "it could not be delivered", ("UNDELIV",)),
    (_NEXT, "the phone was off for too long", ("EXPIRED",)),
    (_NEXT, "the SMSC refused or deleted it", ("REJECTD", "DELETED")),
    (FailureClass.UNKNOWN, "the SMSC does not say", ("UNKNOWN", "dlr_2", "dlr_16")),
)

# https://www.kannel.org/download/1.4.4/userguide-1.4.4/userguide.html
SENTENCES = {
    "Authorization failed": "login",
    "Not routable": "no_route",
    "denied by white- and/or black-lists": "listed",
    "Temporal failure": "busy",
    "Sender missing": "no_sender",
    "rejected": "rejected",
    "Unsupported content-type": "rejected",
}
