from datetime import UTC, datetime, timedelta

from core.services.views import LineView, MessageView
from webapp.cli import told

AT = datetime(2026, 3, 1, 19, 4, tzinfo=UTC)


def test_a_message_is_told_in_the_accounts_time_and_without_the_number():
    message = MessageView(
        id="m1",
        account="shop",
        time_zone="Europe/Rome",
        reminder="shipping",
        reminder_version=2,
        event="order.shipped",
        event_id=1,
        subject="order:1001",
        recipient_name="Ann",
        recipient_phone="+393331234567",
        status="delivered",
        headline="Delivered by SMS",
        created_at=AT,
        deadline_at=None,
        last_step_by=None,
        expires_at=None,
        finished_at=None,
        cost="about 0.0342 USD",
        tries=(),
        timeline=(
            LineView(
                at=AT + timedelta(minutes=1),
                because="unread",
                channel="sms",
                sentence="Sent by SMS, because WhatsApp was not read.",
            ),
        ),
    )

    first, second, last = told(message).split("\n")

    assert first.split("  ") == [
        "2026-03-01 20:04",
        "Delivered by SMS",
        "Ann (••••••••••567)",
        "order:1001",
        "shipping v2",
        "about 0.0342 USD",
    ]
    assert second == "    01 Mar 20:05:00  Sent by SMS, because WhatsApp was not read."
    assert last == ""
