"""``mien serve``: the page and the HTTP interface."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Any

import click
from click.core import ParameterSource

from mien.cli.serve.token import token
from mien.cli.support.detection import recognizer_options
from mien.cli.support.printing import complain, say
from mien.extras import require_extra
from mien.server.settings import HOST, PORT


@click.group(invoke_without_command=True)
@click.option(
    "--host", default=HOST, show_default=True, metavar="ADDRESS",
    help="Address to listen on; others than this machine's own need a token.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True,
    help="Port to listen on; 0: any free one.",
)  # fmt: skip
@click.option(
    "--allow-host", "hosts", multiple=True, metavar="NAME",
    help="A further name under which browsers reach the server, such as that of a proxy; can be "
    "repeated.",
)  # fmt: skip
@click.option(
    "--log", metavar="FILE|URL", envvar="MIEN_LOG", show_envvar=True,
    help="Show and keep this log, made by 'mien log create'.",
)  # fmt: skip
@click.option(
    "--key-file", metavar="FILE",
    help="File with the key of an encrypted log (default: the variable MIEN_LOG_KEY).",
)  # fmt: skip
@click.option(
    "--reports", metavar="DIR", type=click.Path(),
    help="Show the figures of the reports of 'mien evaluate' in this folder.",
)  # fmt: skip
@click.option(
    "--rules", metavar="FILE", type=click.Path(),
    help="Rules in TOML, by which trends are judged (default: those of Mien).",
)  # fmt: skip
@click.option(
    "--jobs", metavar="DIR", type=click.Path(),
    help="Keep videos here while they are analysed, and their results for a day (default: in your "
    "folder of states).",
)  # fmt: skip
@click.option(
    "--tokens", metavar="FILE", type=click.Path(), envvar="MIEN_TOKENS", show_envvar=True,
    help="File of tokens (default: in your folder of settings).",
)  # fmt: skip
@click.option("--tls-cert", metavar="FILE", type=click.Path(), help="Certificate chain, PEM.")
@click.option("--tls-key", metavar="FILE", type=click.Path(), help="Its key, PEM.")
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
@recognizer_options
@click.pass_context
def command(context: click.Context, /, opens: bool, **options: Any) -> None:
    """Serve the page and the HTTP interface.

    By default only this machine can reach them. Pictures are not kept. A video is deleted when it
    was analysed, its results after a day.
    """
    if context.invoked_subcommand is not None:
        _refuse_lost(context, [*options, "opens"])
        return
    require_extra("server", "mien serve")
    from mien.server.memory import share_free_memory
    from mien.server.running import Server, warnings
    from mien.server.settings import ServerSettings

    tls = options["tls_cert"], options["tls_key"]
    if (tls[0] is None) != (tls[1] is None):
        raise click.UsageError("--tls-cert and --tls-key belong together", context)
    own = {
        name: options.pop(name)
        for name in (
            "host", "port", "hosts", "log", "key_file", "reports", "rules", "jobs", "tokens",
            "tls_cert", "tls_key",
        )
    }  # fmt: skip
    settings = ServerSettings(**own, recognizer=options)
    share_free_memory()
    server = Server(settings, complain)
    for line in warnings(settings):
        complain(line)
    link = server.url
    # Whoever reads what is printed is let in: a person at a terminal, not a journal of the system.
    if server.has_start_link and (sys.stdout.isatty() or opens):
        link = server.start_link()
    say(f"Mien is at {link if sys.stdout.isatty() else server.url} (Ctrl-C ends it)")
    sys.stdout.flush()
    with ExitStack() as stack:
        if opens:
            from mien.web.browser import open_browser, open_secret

            if link == server.url:
                open_browser(link)
            else:
                open_secret(link, stack.enter_context(server.context.folder.scratch()))
        server.run()


def _refuse_lost(context: click.Context, names: list[str]) -> None:
    """Raise ``UsageError`` for options before a subcommand, which would not see them."""
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name in names and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{option.opts[0]} has no effect before {context.invoked_subcommand!r}: give the "
                "options of a subcommand after it",
                context,
            )


command.add_command(token)
