"""``mien log person``: who is enrolled, and with which consent."""

from __future__ import annotations

import click

from mien.cli.log.support import ZONE, log_again, of_log, open_, zone_of
from mien.cli.support.printing import say, say_json


@click.group()
def person() -> None:
    """Enrol persons, and note their consent."""


@person.command()
@of_log
@click.argument("pseudonym")
def add(target: str, key_file: str | None, pseudonym: str) -> None:
    """Enrol a person under a pseudonym. Nothing is recorded before there is consent."""
    with open_(target, key_file) as log:
        from mien.log.persons import add_person

        add_person(log, pseudonym)
    follows = f"mien log person consent {pseudonym} --by WHO --for WHAT{log_again()}"
    say(f"{pseudonym} is enrolled; next: {follows}")


@person.command(name="list")
@of_log
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(target: str, key_file: str | None, as_json: bool) -> None:
    """List the persons, their consent and when they were last seen."""
    with open_(target, key_file) as log:
        from mien.log.reading import list_persons

        rows = list_persons(log)
    if as_json:
        for row in rows:
            say_json(row)
        return
    if not rows:
        say("no persons are enrolled; next: mien log person add PSEUDONYM" + log_again())
        return
    from mien.cli.support.console import Table, out

    columns = ("person", "consent", "given_by", "purpose", "last_seen")
    table = Table(*(name.replace("_", " ") for name in columns))
    for row in rows:
        table.add_row(*(row[name] or "–" for name in columns))
    out().print(table)


@person.command()
@of_log
@click.argument("pseudonym")
@click.option(
    "--by", "given_by", required=True, metavar="WHO", help="Who gives it, such as 'Anna herself'."
)
@click.option(
    "--for", "purpose", required=True, metavar="WHAT", help="What for, such as 'the study'."
)
@click.option(
    "--until", metavar="TIME", help="When it ends: 2027-03-01T00:00 (default: when withdrawn)."
)
@click.option("--pictures", is_flag=True, help="It is to keeping pictures of the face, too.")
@ZONE
def consent(
    target: str, key_file: str | None, pseudonym: str, given_by: str, purpose: str,
    until: str | None, pictures: bool, timezone: str | None,
) -> None:  # fmt: skip
    """Note consent: who gives it, what for, and until when."""
    with open_(target, key_file) as log:
        from mien.log.persons import give_consent
        from mien.log.times import parse_time

        zone = zone_of(timezone)
        until_ms = None if until is None else parse_time(until, zone)[0]
        found = give_consent(log, pseudonym, given_by, purpose, until_ms, pictures=pictures)
    what = "to numbers and pictures" if pictures else "to numbers, not to pictures"
    say(f"{pseudonym}: consent noted, {what}, {found.until()}")


@person.command()
@of_log
@click.argument("pseudonym")
@click.option(
    "--pictures",
    is_flag=True,
    help="End the consent to pictures alone, and remove those that are kept.",
)
def withdraw(target: str, key_file: str | None, pseudonym: str, pictures: bool) -> None:
    """End the consent now; what was recorded stays.

    Recordings that run end with their window. 'mien log erase' removes what was recorded.
    """
    with open_(target, key_file) as log:
        from mien.log.persons import withdraw_consent, withdraw_pictures

        if pictures:
            count = withdraw_pictures(log, pseudonym)
            say(f"{pseudonym}: consent to pictures withdrawn, {count:,} files of pictures removed")
            return
        withdraw_consent(log, pseudonym)
    say(f"{pseudonym}: consent withdrawn; what was recorded stays until 'mien log erase'")
