"""``create_app``: the application, ready for uvicorn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from mien.pipeline import Recognizer
from mien.server.access.gate import Access
from mien.server.access.guard import Guard
from mien.server.bodies import Bodies
from mien.server.context import Context
from mien.server.engine import Engine
from mien.server.faults import Faults, OnFault
from mien.server.files import serve_page
from mien.server.followers import Followers
from mien.server.jobs.queue import VideoJobs
from mien.server.live.room import LiveRoom
from mien.server.meters import Measured, Meters
from mien.server.openapi import describe, name_of
from mien.server.private_folder import open_private
from mien.server.problems import answer_errors
from mien.server.routes import (
    analyze,
    health,
    live,
    log_alerts,
    log_days,
    log_persons,
    models,
    session,
    videos,
)
from mien.server.settings import ServerSettings
from mien.version import __version__

ROUTERS = (
    session.router,
    analyze.router,
    videos.router,
    live.router,
    models.router,
    log_persons.router,
    log_days.router,
    log_alerts.router,
    health.router,
)


def create_app(
    settings: ServerSettings | None = None, on_fault: OnFault = lambda line: None
) -> FastAPI:
    """An ASGI application. Networks are loaded and the log is opened here, once.

    ``on_fault`` gets a line for each request that fails by the server's own fault.
    Raises what ``Recognizer``, ``open_log`` and ``Access`` raise.
    """
    settings = settings or ServerSettings()
    context = _open(settings)
    app = FastAPI(
        title="Mien",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=name_of,
    )
    app.state.context = context
    answer_errors(app)
    for router in ROUTERS:
        app.include_router(router)
    describe(app, ROUTERS)
    serve_page(app)
    # The last one is the first that a request passes.
    app.add_middleware(Bodies, limits=settings.limits)
    app.add_middleware(Guard, settings=settings, access=context.access)
    app.add_middleware(Faults, on_fault=on_fault, count=context.meters.faults.inc)
    app.add_middleware(Measured, meters=context.meters)
    return app


def _open(settings: ServerSettings) -> Context:
    access, limits = Access(settings), settings.limits
    options, most = dict(settings.recognizer), limits.pixels
    options["max_pixels"] = min(options.get("max_pixels") or most, most)
    recognizer, meters = Recognizer(**options), Meters()
    engine = Engine(recognizer, limits.waiting, meters)
    folder = open_private(settings.jobs)
    jobs = VideoJobs(folder, recognizer, limits)
    room, followers = LiveRoom(limits.live, meters), Followers(limits.followers)
    context = Context(settings, recognizer, access, meters, engine, folder, jobs, room, followers)
    context.closing += [folder.close, jobs.close, room.close, engine.close]
    if settings.log is not None:
        from mien.log.opening import open_log, read_key  # slow: only where there is a log

        context.log = open_log(settings.log, key=read_key(settings.key_file))
        context.closing.insert(0, context.log.close)  # after those who write into it
    return context


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.context.close()
