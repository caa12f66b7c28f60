"""``mien serve``: the page and the HTTP interface."""

from __future__ import annotations

from typing import Any

import click

from mien.cli.support.detection import recognizer_options
from mien.cli.support.printing import say
from mien.extras import require_extra

HOST, PORT = "127.0.0.1", 8000


@click.command()
@click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True,
    help="Port to listen on; 0: any free one.",
)  # fmt: skip
@recognizer_options
def command(host: str, port: int, **options: Any) -> None:
    """Serve the page and the HTTP interface on this machine."""
    require_extra("server", "mien serve")
    import uvicorn

    from mien.server.app import create_app
    from mien.server.settings import ServerSettings

    app = create_app(ServerSettings(host=host, port=port, recognizer=options))
    say(f"Mien is at http://{host}:{port}/ (Ctrl-C ends it)")
    uvicorn.run(app, host=host, port=port, log_level="warning")
