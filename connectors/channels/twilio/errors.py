"""What Twilio's error codes mean to a cascade.

The codes come in answers and in status callbacks alike. See
https://www.twilio.com/docs/api/errors
"""

from connectors.failures import Table, absent, opted_out, table
from core.cascade.status import FailureClass, Scope

_NEXT, _RETRY = FailureClass.NEXT, FailureClass.RETRY
_TEMPLATE, _HALT = FailureClass.TEMPLATE, FailureClass.HALT

# 63xxx are from WhatsApp and RCS. Twilio gives most of Meta's codes one of its own:
# https://www.twilio.com/docs/whatsapp/api/error-code-mapping
FAILURES: Table = table(
    (
        absent(days=30),
        "this number cannot get an SMS",
        (21211, 21217, 21265, 21614, 21635),
    ),
    (absent(days=30), "nobody answers to this number", (30005, 30006)),
    # As with Meta: this also covers an app that is too old, which a person soon mends.
    (absent(days=7), "this person is not on that channel", (63003, 63024, 63106)),
    (_NEXT, "no route from this sender to there", (21612,)),
    (_NEXT, "the phone is off, or blocks us", (30003, 30004)),
    (_NEXT, "this person blocks us there", (63014,)),
    (_NEXT, "their phone takes no MMS", (30011,)),
    (_NEXT, "it waited longer than we allowed", (30036,)),
    (_NEXT, "a carrier takes no more from us today", (30023, 30027)),
    # Trying again soon makes these last longer.
    (_NEXT, "Meta withheld it from this person or country", (63032, 63049)),
    # START lifts it: https://www.twilio.com/docs/api/errors/21610
    (opted_out(Scope.SENDER), "this person answered STOP", (21610,)),
    (opted_out(Scope.CHANNEL_MARKETING), "this person stopped marketing", (63050,)),
    (_RETRY, "too fast: nothing was done", (14107, 20429, 30022)),
    (_RETRY, "too fast for the channel", (63017, 63018)),
    (_RETRY, "the sender's queue is full", (21611, 30001)),
    (_RETRY, "the carrier or Twilio is busy", (21730, 30017)),
    (_RETRY, "the channel itself is in trouble", (63001, 63010, 63012)),
    (_HALT, "the login is wrong or the account is not active", (20003, 20005, 20404)),
    (_HALT, "the account is suspended", (30002,)),
    (_HALT, "the account has sent all it may today", (63038,)),
    (
        _HALT,
        "the channel's sender is not there, set up or paid",
        (63007, 63008, 63020, 63062),
    ),
    (_TEMPLATE, "a carrier filtered it as spam", (30007,)),
    (_TEMPLATE, "the account may not write to this country", (21408,)),
    (_TEMPLATE, "the sender is not usable", (21603, 21606, 21659, 21660, 21703)),
    (_TEMPLATE, "the number cannot send MMS", (21621,)),
    (_TEMPLATE, "a trial account may only write to verified numbers", (21608,)),
    (_TEMPLATE, "the sender is not registered for the US", (30032, 30034)),
    (_TEMPLATE, "the sender is not registered there", (30018, 30040, 30041)),
    (_TEMPLATE, "there is no text, or too much", (21602, 21617, 21619, 30019)),
    (_TEMPLATE, "the media could not be fetched or sent", (21620, 63019)),
    (_TEMPLATE, "the Content template or its variables are not valid", (21655, 21656)),
    (_TEMPLATE, "the fallback for RCS is not valid", (21664, 21666, 21667)),
    (FailureClass.WINDOW, "free text outside the 24-hour window", (63016,)),
    (_TEMPLATE, "the channel refuses what it says", (63005, 63013, 63021, 63030)),
    (
        _TEMPLATE,
        "WhatsApp does not have the template so, or paused it",
        (63022, 63027, 63028, 63029, 63040, 63041, 63042),
    ),
    # Twilio does not send these again itself, lest they arrive twice; no more do we.
    (FailureClass.UNKNOWN, "the carrier does not say", (30008, 30410, 30500)),
    (FailureClass.UNKNOWN, "the channel does not say", (63011, 63023)),
)
