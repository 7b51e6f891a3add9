"""`everreach templates`: what providers keep for you, and asking for more."""

import dataclasses
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from core import durations
from core.errors import SetupError
from core.message.approval import TemplateCategory, TemplateDraft
from core.message.content import Button, ButtonKind, Parameter
from webapp.cli_common import everreach, json_option, print_json, sandbox_option

if TYPE_CHECKING:
    from core.bootstrap import Everreach
    from core.store.templates import Held

account_option = click.option("--account", required=True, help="The account's key.")


@click.group()
def templates() -> None:
    """Show and create the templates that providers must approve."""


@templates.command("list")
@account_option
@click.option("--sender", help="Only this sender's.")
@json_option
@sandbox_option
def list_all(account: str, sender: str | None, as_json: bool) -> None:
    """Ask for every template: its status, and for how long its messages live."""
    from core.services.templates import list_templates

    with everreach() as app:
        found = list_templates(app, account, sender)
    _print(found, as_json)
    if not found and not as_json:
        click.echo("There are no templates.")


@templates.command()
@account_option
@click.option("--sender", help="Whose; needed if several have templates.")
@click.option("--name", required=True, help="Small letters, digits and _.")
@click.option("--language", required=True, help="As Meta writes it: en, pt_BR.")
@click.option(
    "--category", required=True, type=click.Choice([*map(str, TemplateCategory)])
)
@click.option("--body", default="", help="The text, with {{1}} or {{first_name}}.")
@click.option(
    "--example", multiple=True, help="For each variable: Anna, first_name=Anna."
)
@click.option("--header", default="", help="A line above the text.")
@click.option("--header-example", default="", help="For the variable in it.")
@click.option("--footer", default="", help="A line below the text.")
@click.option("--reply", multiple=True, help="A button that answers with its text.")
@click.option("--link", nargs=2, multiple=True, help="A button: its text, its address.")
@click.option("--code", multiple=True, help="A button that copies a code: an example.")
@click.option("--for", "reminder", help="Live for as long as this reminder waits.")
@click.option("--lives", help="Live for so long: 30m, 12h.")
@json_option
@sandbox_option
def create(
    account: str,
    sender: str | None,
    reminder: str | None,
    lives: str | None,
    as_json: bool,
    **parts: Any,
) -> None:
    """Ask for a template whose messages die when they are no longer waited for."""
    from core.services.templates import create_template

    with everreach() as app:
        wanted = _window(app, account, reminder, lives)
        held = create_template(app, account, sender, _draft(parts, wanted))
    _print([held], as_json)
    if held.template.lives and held.template.lives > wanted:
        told = f"its messages live for {_in_words(held.template.lives)}"
        click.echo(f"warning: {told}, which is longer than the wait", err=True)


def _window(
    app: "Everreach", account: str, reminder: str | None, lives: str | None
) -> timedelta:
    from core.services.templates import shortest_wait

    if bool(reminder) == bool(lives):
        raise SetupError("--lives", "or --for is needed, and not both")
    if reminder:
        return shortest_wait(app, account, reminder)
    if not re.fullmatch(durations.PATTERN, lives or ""):
        raise SetupError("--lives", f"{lives!r} is not a duration", "Write it like 30m")
    return timedelta(seconds=durations.to_seconds(lives or ""))


def _draft(parts: dict[str, Any], lives: timedelta) -> TemplateDraft:
    buttons = [
        *(
            Button(kind=ButtonKind.REPLY, text=one, value="")
            for one in parts.pop("reply")
        ),
        *(
            Button(kind=ButtonKind.LINK, text=text, value=url)
            for text, url in parts.pop("link")
        ),
        *(
            Button(kind=ButtonKind.CODE, text="Copy code", value=one)
            for one in parts.pop("code")
        ),
    ]
    category = TemplateCategory(parts.pop("category"))
    named = re.search(r"\{\{\s*[a-z]", parts["body"])
    examples = [_example(one, bool(named)) for one in parts.pop("example")]
    return TemplateDraft(
        **parts,
        category=category,
        examples=tuple(examples),
        buttons=tuple(buttons),
        lives=lives,
    )


def _example(given: str, named: bool) -> Parameter:
    name, equals, text = given.partition("=")
    if not named:
        return Parameter(text=given)
    if not equals:
        raise SetupError("--example", f"{given!r} has no name", "As first_name=Anna")
    return Parameter(text=text, name=name.strip())


def _print(found: "list[Held]", as_json: bool) -> None:
    if as_json:
        print_json([{"sender": one.sender, **_plain(one)} for one in found])
        return
    for one in found:
        known = one.template
        name, lives = f"{known.name} ({known.language})", known.lives
        told = f"lives for {_in_words(lives)}" if lives else "lifetime not known"
        click.echo(
            f"{one.sender}  {name:<40}  {known.status:<9}  {known.category:<15}  {told}"
        )


def _plain(held: "Held") -> dict[str, Any]:
    known = dataclasses.asdict(held.template)
    lives = known.pop("lives")
    return {**known, "lives": int(lives.total_seconds()) if lives else None}


def _in_words(span: timedelta) -> str:
    from core.cascade.explain import in_words

    return in_words(span)
