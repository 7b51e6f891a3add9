"""What Dexatel's error codes and last words mean to a cascade.

https://developers.dexatel.com/reference/messages-send
"""

from connectors.failures import Table, absent, table
from core.cascade.status import FailureClass

_NEXT, _TEMPLATE = FailureClass.NEXT, FailureClass.TEMPLATE
_HALT = FailureClass.HALT

FAILURES: Table = table(
    (absent(days=30), "this is no number that gets messages", (1523,)),
    (_NEXT, "this number is blocked at Dexatel", (1530,)),
    (_NEXT, "this country is blocked at Dexatel", (1531,)),
    (_NEXT, "it was not delivered, for a reason that is not told", ("failed",)),
    (_NEXT, "it was refused on the way", ("rejected",)),
    (_NEXT, "nobody got it in time", ("expired",)),
    (_TEMPLATE, "the request is wrong", (1005, 1007, 1506, 1507, 1534, 1705)),
    (_TEMPLATE, "there is no text, or too much", (1508, 1510)),
    (
        _TEMPLATE,
        "the template is not there or not approved",
        (1512, 1513, *range(1536, 1539)),
    ),
    (_TEMPLATE, "its variables are missing or too long", (1514, 1526)),
    (
        _TEMPLATE,
        "this channel takes no such picture, file or button",
        (*range(1516, 1521), 1532, 1533),
    ),
    (_TEMPLATE, "the opt-out link could not be made", (1535,)),
    (_TEMPLATE, "the sender is not usable", (*range(1503, 1506), 1625)),
    (_TEMPLATE, "the account does not have this channel", (1515,)),
    (_HALT, "the account is not active", (1524,)),
    (_HALT, "a trial account has sent all it may", (1525,)),
    (_HALT, "the API key may not do this", ("http_403",)),
)
