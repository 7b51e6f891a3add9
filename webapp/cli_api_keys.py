"""`everreach api-key`: who may use the API for an account."""

import dataclasses

import click

from webapp.cli_common import everreach, json_option, print_json, sandbox_option

account_option = click.option("--account", required=True, help="The account's key.")


@click.group("api-key")
def api_key() -> None:
    """Make, show and revoke the keys to the API."""


@api_key.command()
@account_option
@click.option("--name", required=True, help="What it is for, as: the desk's inbox.")
@json_option
@sandbox_option
def create(account: str, name: str, as_json: bool) -> None:
    """Make a key and print it. It is never shown again."""
    from core.services import api_keys

    with everreach() as app:
        key = api_keys.create(app, account, name)
    if as_json:
        print_json({"key": key})
        return
    click.echo(key)
    click.echo("Keep it safe: it cannot be shown again.", err=True)


@api_key.command("list")
@account_option
@json_option
@sandbox_option
def list_keys(account: str, as_json: bool) -> None:
    """Show an account's keys by how they begin."""
    from core.services import api_keys

    with everreach() as app:
        found = api_keys.listed(app, account)
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
        return
    for one in found:
        ended = f", revoked {one.revoked_at:%Y-%m-%d}" if one.revoked_at else ""
        click.echo(f"{one.hint}…  {one.name}  (made {one.created_at:%Y-%m-%d}{ended})")
    if not found:
        click.echo("There are no keys.")


@api_key.command()
@click.argument("key")
@account_option
@sandbox_option
def revoke(key: str, account: str) -> None:
    """Let KEY be used no more, at once. How it begins is enough."""
    from core.services import api_keys

    with everreach() as app:
        api_keys.revoke(app, account, key)
    click.echo("Revoked.")
