"""The `everreach` command.

What a command needs is imported inside it, so that each starts fast and `--help` needs nothing.
"""

import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from core.cascade.consent import Purpose
from core.cascade.model import Channel
from core.errors import SetupError
from webapp.cli_api_keys import api_key
from webapp.cli_check import check
from webapp.cli_common import (
    everreach,
    json_option,
    print_json,
    read_settings,
    sandbox_option,
)
from webapp.cli_templates import templates

if TYPE_CHECKING:
    from core.services.people import PersonView
    from core.services.rates import RateView
    from core.services.setup import Report, Rule, Running
    from core.services.views import MessageView

_SIGNS: Final = {"added": "+", "changed": "~", "removed": "-", "unchanged": "="}
REQUESTS_AT_ONCE: Final = 16
_REQUEST_SECONDS: Final = 3  # what a request may still take when the server is stopping


class _Group(click.Group):
    """Tells what a person can mend in one line, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SetupError as error:
            for line in str(error).splitlines():
                click.echo(f"everreach: {line}", err=True)
            return ctx.exit(1)


language_option = click.option(
    "--language",
    type=click.Choice(["en", "de", "it"]),
    default="en",
    show_default=True,
    help="The language of the sentences.",
)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="everreach")
def main() -> None:
    """Everreach makes sure that an important message gets through."""


@main.command()
@sandbox_option
@click.pass_context
def up(ctx: click.Context) -> None:
    """Start everything, and stop it with Ctrl-C."""
    from webapp.up import up as run

    ctx.exit(run(read_settings(), os.environ))


@main.command()
@sandbox_option
def web() -> None:
    """Run the web server alone."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    settings = read_settings()
    server = Granian(
        "webapp.app:create_app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        factory=True,
        websockets=False,
        workers=1,
        # They do not compute at once: those that wait for a commit share the next one.
        blocking_threads=REQUESTS_AT_ONCE,
        workers_kill_timeout=_REQUEST_SECONDS,
        log_level=LogLevels.error,  # it warns of so many threads
    )
    server.serve(target_loader=load_app, wrap_loader=False)


def load_app() -> Any:
    """The WSGI application, in granian's own worker process."""
    from webapp.lifeline import die_with_parent

    # First of all: a server process that is left over would go on taking requests, because
    # granian's processes share the port.
    die_with_parent()

    from webapp.app import create_app

    try:
        return create_app()
    except SetupError as error:
        sys.exit(f"everreach: {error}")


@main.command()
@click.option("--lanes", help="Serve these lanes only: inbox or send.")
@sandbox_option
def worker(lanes: str | None) -> None:
    """Run one worker process."""
    read_settings()
    chosen = ["--lanes", lanes] if lanes else []
    command = [sys.executable, "-P", "-m", "worker", *chosen]
    os.execv(sys.executable, command)


@main.command()
@sandbox_option
def migrate() -> None:
    """Bring the database's schema up to date."""
    from core.store.migrate import upgrade
    from webapp.up import make_home

    settings = read_settings()
    make_home(settings.home)
    upgrade(settings)
    click.echo("The database is up to date.")


@main.command()
@click.argument("file", type=click.Path(allow_dash=True))
@click.option(
    "--running",
    type=click.Choice(["keep", "follow"]),
    default="keep",
    show_default=True,
    help="What messages that are on their way do: keep their version, or follow the new.",
)
@json_option
@sandbox_option
def apply(file: str, running: "Rule", as_json: bool) -> None:
    """Make accounts, connections, senders and reminders as FILE says (- for stdin)."""
    from core.services import setup

    text = _text(file)
    with everreach() as app:
        report = setup.apply(app, text, os.environ, running)
    if as_json:
        print_json(dataclasses.asdict(report))
    else:
        _print_report(report)


@main.command()
@click.option("--subject", help="Only what this is about, for example an order.")
@click.option("--account", help="Only this account's.")
@click.option("--limit", default=50, show_default=True, help="The newest so many.")
@language_option
@json_option
@sandbox_option
def messages(
    subject: str | None,
    account: str | None,
    limit: int,
    language: str,
    as_json: bool,
) -> None:
    """Show messages, and why each went the way it did."""
    from core.services.messages import list_messages
    from webapp.languages import translator

    with everreach() as app:
        found = list_messages(
            app,
            subject=subject,
            account=account,
            limit=limit,
            translate=translator(language),
        )
    if as_json:
        print_json([dataclasses.asdict(message) for message in found])
        return
    for message in found:
        click.echo(told(message))
    if not found:
        click.echo("There are no messages yet.")


@main.command()
@click.option("--account", help="Only this account's.")
@language_option
@json_option
@sandbox_option
def notices(account: str | None, language: str, as_json: bool) -> None:
    """Show what only you can mend: what providers refuse as a whole."""
    from core.services.notices import list_notices
    from webapp.languages import translator

    with everreach() as app:
        found = list_notices(app, account=account, translate=translator(language))
    if as_json:
        print_json([dataclasses.asdict(notice) for notice in found])
        return
    for notice in found:
        at = notice.at.astimezone(ZoneInfo(notice.time_zone))
        click.echo(f"{at:%Y-%m-%d %H:%M}  {notice.account}  {notice.sentence}")
        click.echo(f"    → {notice.fix}")
    if not found:
        click.echo("There is nothing to mend.")


@main.command()
@click.argument("message")
@click.option("--account", help="The account's key, if several have such a message.")
@click.option("--language", default="", help="The person's, such as it or pt_BR.")
@click.option(
    "--channel",
    type=click.Choice([one.value for one in Channel]),
    help="Only this channel.",
)
@click.option(
    "--field",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="What a field holds, as order.name=#1001; else it is an example.",
)
@json_option
@sandbox_option
def preview(
    message: str,
    account: str | None,
    language: str,
    channel: str | None,
    given: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what MESSAGE says on each channel, and how many SMS it takes."""
    from core.services.previews import preview as look
    from webapp.previews import told as told_preview

    with everreach() as app:
        found = look(
            app,
            message,
            account=account,
            locale=language,
            channel=Channel(channel) if channel else None,
            fields=dict(map(_named, given)),
        )
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
        return
    for one in found:
        click.echo(told_preview(one))
    if not found:
        click.echo("It says nothing there.")


def _named(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals:
        fix = "Write it like order.name=#1001"
        raise SetupError("--field", f"{given} has no value", fix)
    return name, value


@main.command()
@click.option("--account", help="This account's; else the only one's.")
@click.option(
    "--channel",
    type=click.Choice([one.value for one in Channel]),
    help="Only on this channel.",
)
@click.option("--country", help="Only for this country, a code such as IT.")
@json_option
@sandbox_option
def rates(
    account: str | None, channel: str | None, country: str | None, as_json: bool
) -> None:
    """Show what messages cost by the rate card that is in force today, and who says so."""
    from core.services.rates import list_rates

    with everreach() as app:
        found = list_rates(
            app,
            account=account,
            channel=channel,
            country=country.upper() if country else None,
        )
    if as_json:
        print_json([dataclasses.asdict(rate) for rate in found])
        return
    for rate in found:
        click.echo(_rate(rate))
    if not found:
        click.echo("No price is known for that.")


def _rate(rate: "RateView") -> str:
    from core.services.amounts import UNKNOWN, amount

    named = (rate.countries, rate.categories, rate.providers)
    cells = (
        rate.channel,
        *(" ".join(names) for names in named),
        amount(rate.price) if rate.price else UNKNOWN,
        f"since {rate.since}" if rate.since else "",
    )
    return "  ".join(filter(None, cells)) + f"\n    {rate.source}"


@main.group()
def consent() -> None:
    """Note what a person agreed to, and show what they agreed to and refused."""


def _person_options(command: Callable[..., None]) -> Callable[..., None]:
    account = click.option("--account", required=True, help="The account's key.")
    phone = click.argument("phone")
    return account(phone(json_option(sandbox_option(command))))


def _consent_options(command: Callable[..., None]) -> Callable[..., None]:
    channel = click.option(
        "--channel",
        type=click.Choice([one.value for one in Channel]),
        help="Only on this channel; else on every one.",
    )
    purpose = click.option(
        "--purpose",
        type=click.Choice([one.value for one in Purpose]),
        default=Purpose.MARKETING.value,
        show_default=True,
        help="What for.",
    )
    source = click.option(
        "--source", required=True, help="How you know, as: form at the desk."
    )
    return _person_options(channel(purpose(source(command))))


@consent.command()
@_consent_options
def add(**options: Any) -> None:
    """Note that a person agreed."""
    _note_consent(given=True, **options)


@consent.command()
@_consent_options
def withdraw(**options: Any) -> None:
    """Note that a person no longer agrees."""
    _note_consent(given=False, **options)


@consent.command("list")
@_person_options
def list_consents(account: str, phone: str, as_json: bool) -> None:
    """Show what a person agreed to and refused, oldest first."""
    from core.services.people import what_they_said

    with everreach() as app:
        _print_person(what_they_said(app, account, phone), as_json)


def _note_consent(
    *,
    account: str,
    phone: str,
    channel: str | None,
    purpose: str,
    source: str,
    given: bool,
    as_json: bool,
) -> None:
    from core.services.people import note_consent

    with everreach() as app:
        person = note_consent(
            app,
            account,
            phone,
            channel=Channel(channel) if channel else None,
            purpose=Purpose(purpose),
            given=given,
            source=source,
        )
    _print_person(person, as_json)


def _print_person(person: "PersonView", as_json: bool) -> None:
    if as_json:
        print_json(dataclasses.asdict(person))
        return
    zone = ZoneInfo(person.time_zone)
    for said in person.said:
        click.echo(f"{said.at.astimezone(zone):%Y-%m-%d %H:%M}  {said.sentence}")
    if not person.said:
        click.echo("This person has agreed to nothing and refused nothing.")


main.add_command(check)
main.add_command(templates)
main.add_command(api_key)


@main.command()
@json_option
@sandbox_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check this installation, and say how to mend what is wrong."""
    from webapp.doctor import examine, report

    rows = examine(os.environ)
    if as_json:
        print_json([dataclasses.asdict(row) for row in rows])
    else:
        click.echo(report(rows))
    ctx.exit(int(any(row.state == "fail" for row in rows)))


@main.command()
@click.argument("event", type=int)
@sandbox_option
def replay(event: int) -> None:
    """Read the incoming event with this number again."""
    from core.services import inbox

    with everreach() as app:
        found = inbox.replay(app, event)
    if not found:
        raise SetupError("EVENT", f"there is no incoming event {event}")
    click.echo(f"Event {event} will be read again.")


@main.command()
def schema() -> None:
    """Print the JSON Schema of the set-up file."""
    from connectors.registry import load_registry
    from core.services.setup import setup_schema

    print_json(setup_schema(load_registry()))


def _text(file: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        problem, fix = f"cannot be read ({error.strerror})", "Name a set-up file"
    except UnicodeDecodeError:
        problem, fix = "is not UTF-8 text", "Save it as UTF-8"
    raise SetupError(file, problem, fix)


def _print_report(report: "Report") -> None:
    for change in report.changes:
        detail = f": {change.detail}" if change.detail else ""
        click.echo(f"{_SIGNS[change.kind]} {change.kind:<9}  {change.what}{detail}")
    for running in report.running:
        click.echo(f"reminder {running.reminder}: {_moved(running)}")
    for latest in report.latest:
        click.echo(f"reminder {latest.reminder}: {latest.told}")
    for address in report.addresses:
        click.echo(f"Give {address.party} this address ({address.what}): {address.url}")
    for warning in report.warnings:
        click.echo(f"warning: {warning}", err=True)


def _moved(running: "Running") -> str:
    counts = (
        (running.followed, "follow the new version"),
        (running.kept, "keep the version they began with"),
        (running.cancelled, "were cancelled"),
    )
    parts = (f"{count} {what}" for count, what in counts if count)
    return f"of the messages on their way, {', '.join(parts)}"


def told(message: "MessageView") -> str:
    """A message and its timeline, in the account's time."""
    zone = ZoneInfo(message.time_zone)
    lines = [_headline(message, zone)]
    for line in message.timeline:
        lines.append(f"    {line.at.astimezone(zone):%d %b %H:%M:%S}  {line.sentence}")
    return "\n".join([*lines, ""])


def _headline(message: "MessageView", zone: ZoneInfo) -> str:
    from core.message.phone import mask

    phone = mask(message.recipient_phone) if message.recipient_phone else "no number"
    cells = (
        f"{message.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
        message.headline,
        f"{message.recipient_name or 'somebody'} ({phone})",
        message.subject,
        f"{message.reminder} v{message.reminder_version}",
        message.cost,
    )
    return "  ".join(filter(None, cells))


if __name__ == "__main__":
    main(prog_name="everreach")
