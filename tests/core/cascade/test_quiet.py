"""Which quiet hours count for which message."""

from datetime import time

import pytest

from core.cascade.quiet import hours_for, quiet_rule
from core.cascade.schedule import Hours, ZoneSource

ROME = {"zone": "Europe/Rome", "source": ZoneSource.EVENT}
NIGHT = quiet_rule({"from": "21:00", "to": "08:00"})
WEEKDAYS = quiet_rule({"days": ["mon", "fri"], "purposes": ["marketing"]})
SMS = quiet_rule({"from": "20:00", "to": "09:00", "channels": ["sms"]})


def quiet_from(account, reminder=None, purpose="service", channel="sms"):
    hours = hours_for(account, reminder, purpose=purpose, channel=channel, **ROME)
    return hours and hours.quiet_from


def test_a_rule_is_put_on_the_persons_clock():
    rules = [WEEKDAYS, SMS, NIGHT]

    assert hours_for(rules, None, purpose="marketing", channel="sms", **ROME) == Hours(
        zone="Europe/Rome", zone_source=ZoneSource.EVENT, days=frozenset({0, 4})
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (quiet_from([SMS, NIGHT]), time(20)),
        (quiet_from([SMS, NIGHT], channel="whatsapp"), time(21)),
        (quiet_from([NIGHT, SMS]), time(21)),
        (quiet_from([NIGHT], [SMS]), time(20)),
        (quiet_from([NIGHT], [SMS], channel="whatsapp"), None),
        (quiet_from([NIGHT], []), None),
        (quiet_from([WEEKDAYS]), None),
        (quiet_from([NIGHT], [NIGHT], purpose="authentication"), None),
    ],
)
def test_the_first_rule_that_fits_counts_and_a_reminders_own_come_first(
    found, expected
):
    assert found == expected
