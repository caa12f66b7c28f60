"""``mien serve token``: who may use the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mien.cli.support.numbers import Finite
from mien.cli.support.printing import say, say_json
from mien.extras import require_extra

if TYPE_CHECKING:
    from mien.server.access.tokens import Token, TokenFile

ROLES = ("analyse", "watch", "care", "admin")
_TOKENS = click.option(
    "--tokens", "path", metavar="FILE", type=click.Path(), envvar="MIEN_TOKENS", show_envvar=True,
    help="File of tokens (default: in your folder of settings).",
)  # fmt: skip


@click.group()
def token() -> None:
    """Make, list and revoke tokens for people and programs.

    A role may do what those before it may: analyse pictures and videos; watch persons, trends and
    alerts of the log; care for them, that is answer alerts and record; admin enrols, exports and
    erases. As soon as there was a token, the server asks everybody for one: delete the file of
    tokens to let all on this machine in again.
    """


@token.command()
@click.argument("name")
@click.option(
    "--role", type=click.Choice(ROLES), default="analyse", show_default=True,
    help="What it allows.",
)  # fmt: skip
@click.option(
    "--days", type=Finite(min=0, min_open=True), metavar="N",
    help="Let it expire after N days (default: never).",
)  # fmt: skip
@_TOKENS
def create(name: str, role: str, days: float | None, path: str | None) -> None:
    """Make a token for NAME and print it, once: only its hash is kept.

    The log's audit trail records NAME for what is done with the token.
    """
    text, entry = _open(path).create(name, role, days)  # type: ignore[arg-type]  # a Choice
    say(f"A token for {entry.name!r}, role {entry.role!r}; it is not shown again:", err=True)
    say(text)


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_TOKENS
def list_(as_json: bool, path: str | None) -> None:
    """List names, roles and times, never the tokens themselves."""
    from mien.cli.support.console import out, plain, table
    from mien.server.access.tokens import day_of

    tokens = _open(path).tokens()
    rows = [
        {
            "id": each.id,
            "name": each.name,
            "role": each.role,
            "created": day_of(each.created),
            "expires": day_of(each.expires),
        }
        for each in tokens
    ]
    if as_json:
        say_json(rows, indent=2)
        return
    shown = table("id", "name", "role", "created", "expires")
    for row in rows:
        shown.add_row(*(plain(value or "never") for value in row.values()))
    if rows:
        out().print(shown)
    else:
        say("There is no token.")


@token.command()
@click.argument("name")
@_TOKENS
def revoke(name: str, path: str | None) -> None:
    """Revoke the token with this NAME or id; its sessions and streams end."""
    tokens = _open(path)
    gone: Token = tokens.revoke(name)
    say(f"The token of {gone.name!r} is revoked.")
    if not tokens.tokens():
        say(
            "That was the last one. The server still asks for a token: to let everybody on this "
            f"machine in again, delete {str(tokens.path)!r} and start it again",
            err=True,
        )


def _open(path: str | None) -> TokenFile:
    require_extra("server", "mien serve")
    from mien.server.access.tokens import TokenFile

    return TokenFile(path)
