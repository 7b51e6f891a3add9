"""What the Cloud API's error codes mean to a cascade.

The codes come in answers and in `failed` statuses alike. See
https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

from connectors.failures import Table, absent, opted_out, table
from core.cascade.status import FailureClass, Scope

_NEXT, _RETRY = FailureClass.NEXT, FailureClass.RETRY
_TEMPLATE, _HALT = FailureClass.TEMPLATE, FailureClass.HALT

_WRONG = (100, 131008, 131009, 131021, 131051, 131055, 135000)

FAILURES: Table = table(
    (_HALT, "the access token is no longer good", (0, 190)),
    (_HALT, "the token lacks a permission", (3, 10, *range(200, 300), 131005)),
    (_HALT, "the account is blocked, locked or owes money", (368, 131031, 131042)),
    (_HALT, "mis-categorised templates; lifts by itself", (131064,)),
    (_HALT, "this phone number cannot send", (33, 131037, 131045, 133006, 133010)),
    (_HALT, "terms are not accepted", (134011,)),
    (
        _RETRY,
        "too fast: for the app, the number, or this pair",
        (4, 80007, 130429, 131056),
    ),
    (_RETRY, "the number's quality limits it for a while", (131048,)),
    (_RETRY, "Meta is down or moving the number", (2, 131016, 131057, 133004)),
    # 131026 also covers an old app or unaccepted terms, which a person soon mends; Meta does
    # not tell which.
    (absent(days=7), "this person has no WhatsApp that can get it", (131026,)),
    (absent(days=30), "there is no phone number behind it", (131062,)),
    (absent(days=30), "the number has changed hands", (137000,)),
    # Trying again soon makes these last longer.
    (_NEXT, "Meta withheld it from this person or country", (130472, 130497, 131049)),
    (opted_out(Scope.CHANNEL_MARKETING), "this person stopped marketing", (131050,)),
    (opted_out(Scope.SENDER), "this person blocked us", (130403,)),
    (FailureClass.WINDOW, "free text outside the 24-hour window", (131047,)),
    (_TEMPLATE, "the request is wrong", _WRONG),
    (_TEMPLATE, "a test number may only write to listed people", (131030,)),
    (_TEMPLATE, "the media could not be fetched or sent", (131052, 131053)),
    (_TEMPLATE, "the template needs the marketing API", (131061, 131063)),
    (_TEMPLATE, "the marketing API does not take it", (134100, 134101, 134102)),
    (_TEMPLATE, "the template is not there or not approved", (132001,)),
    (_TEMPLATE, "its parameters do not fit", (132000, 132005, 132008, 132012, 132018)),
    (_TEMPLATE, "it breaks a policy, is paused or disabled", (132007, 132015, 132016)),
    (_TEMPLATE, "its flow is blocked or throttled", (132068, 132069)),
    (FailureClass.UNKNOWN, "Meta does not know either", (1, 131000)),
)
