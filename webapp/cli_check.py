"""`everreach check`: do the senders' credentials work?"""

import dataclasses
import sys
from typing import TYPE_CHECKING

import click

from webapp.cli_common import everreach, json_option, print_json, sandbox_option

if TYPE_CHECKING:
    from core.services.checks import SenderCheck


@click.command()
@click.argument("sender", required=False)
@click.option("--account", required=True, help="The account's key.")
@json_option
@sandbox_option
def check(sender: str | None, account: str, as_json: bool) -> None:
    """Try the credentials of SENDER, or of all; nothing is sent. Fails if one does not work."""
    from core.services.checks import check_senders

    with everreach() as app:
        found = check_senders(app, account, sender)
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
    else:
        for one in found:
            click.echo(_told(one))
    if any(one.checked and not one.checked.works for one in found):
        sys.exit(1)


def _told(one: "SenderCheck") -> str:
    name = f"{one.sender} ({one.provider})"
    if one.checked is None:
        return f"– {name}: there is nothing to try"
    mark = "✓" if one.checked.works else "✗"
    numbers = f": {', '.join(one.checked.numbers)}" if one.checked.numbers else ""
    return f"{mark} {name}: {one.checked.says}{numbers}"
