"""What the error codes of Vonage's Messages API mean to a cascade.

The codes come in answers and in statuses alike. What has none is told by its HTTP status, so
three of those stand here too. See https://developer.vonage.com/en/api-errors/messages
"""

from connectors.failures import Table, absent, opted_out, table
from core.cascade.status import FailureClass, Scope

_NEXT, _RETRY = FailureClass.NEXT, FailureClass.RETRY
_TEMPLATE, _HALT = FailureClass.TEMPLATE, FailureClass.HALT

FAILURES: Table = table(
    (absent(days=7), "this person does not have this app", (1300,)),
    (absent(days=7), "this phone cannot show such messages", (1310,)),
    (absent(days=30), "there is no such number, or no longer", (1170, 1190, 1200)),
    (absent(days=30), "no way leads to this number", (1250,)),
    (absent(days=30), "the carrier blocks this number", (1050, 1280)),
    (_NEXT, "the phone is off or busy", (1180, 1220)),
    (_NEXT, "the carrier does not reach this number", (1260,)),
    (_NEXT, "the carrier holds this person too young for it", (1270,)),
    (_NEXT, "this person's prepaid credit is used up", (1290,)),
    (_NEXT, "it waited longer than we allowed", (1360,)),
    (opted_out(Scope.SENDER), "this person answered STOP", (1240,)),
    (_RETRY, "too fast: nothing was done", (429, 1000, 1241)),
    (_RETRY, "Vonage or the network is down", (1030, 1100, 1230, 1331)),
    (_HALT, "the login is wrong", (401,)),
    (_HALT, "there is no credit left", (402, 1070)),
    (_HALT, "the account is blocked or not set up for this", (1060, 1080)),
    (_HALT, "the channel has to be connected to Vonage anew", (1350, 1370)),
    (_TEMPLATE, "the template or its parameters are wrong", (1022,)),
    (FailureClass.WINDOW, "free text outside the 24-hour window", (1340,)),
    (_TEMPLATE, "the request is wrong", (1010, 1020, 1021, 1040, 1130, 1150)),
    (_TEMPLATE, "the text is too long", (1090,)),
    (_TEMPLATE, "the sender is not allowed there", (1120,)),
    (_TEMPLATE, "the account may not send this", (1140,)),
    (_TEMPLATE, "a trial account may only write to listed numbers", (1160,)),
    (_TEMPLATE, "a carrier filtered it as spam", (1210,)),
    (_TEMPLATE, "the media could not be fetched or sent", (1380, 1381, 1382)),
    # 1320 says that the message was sent before: to send it again would make it two.
    (FailureClass.UNKNOWN, "Vonage does not say what became of it", (1320, 1330)),
)
