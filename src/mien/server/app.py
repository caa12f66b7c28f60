"""``create_app``: the application, ready for uvicorn."""

from __future__ import annotations

from fastapi import FastAPI

from mien.pipeline import Recognizer
from mien.server.context import Context
from mien.server.files import serve_page
from mien.server.problems import answer_errors
from mien.server.routes import health
from mien.server.settings import ServerSettings
from mien.version import __version__

ROUTERS = (health.router,)


def create_app(settings: ServerSettings | None = None) -> FastAPI:
    """An ASGI application. Networks are loaded here, once.

    Raises what ``Recognizer`` and ``open_log`` raise.
    """
    settings = settings or ServerSettings()
    app = FastAPI(title="Mien", version=__version__, docs_url=None, redoc_url=None)
    app.state.context = Context(settings, Recognizer(**settings.recognizer))
    answer_errors(app)
    for router in ROUTERS:
        app.include_router(router)
    serve_page(app)
    return app
