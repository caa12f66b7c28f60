"""What the log holds of a person's days: recordings, windows, trends, the report, the export."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import HTMLResponse, StreamingResponse

from mien.server.context import Context, context_of
from mien.server.log_export import MEDIA_TYPES, exported
from mien.server.log_visit import Ruling, Watching
from mien.server.problems import Problem
from mien.server.routes.log_days_models import (
    Observations,
    RowKind,
    SessionRemoved,
    Sessions,
    Trends,
)
from mien.server.routes.log_persons import Pseudonym

router = APIRouter(prefix="/v1/log/persons/{person}", tags=["log"])

FIRST, LAST = date(1970, 1, 1), date(2199, 12, 31)
Since = Annotated[
    date | None, Query(alias="from", ge=FIRST, le=LAST, description="First local day.")
]
Until = Annotated[date | None, Query(alias="to", ge=FIRST, le=LAST, description="Last local day.")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The recording's number.")]
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "sandbox allow-modals allow-popups"
)
"""The page is one file with its styles in it; nothing else may be loaded or run."""


@router.get("/sessions", response_model=Sessions)
def get_sessions(visit: Watching, person: Pseudonym) -> Any:
    """The recordings of a person."""
    from mien.log.session_rows import person_sessions

    with visit.audited() as log:
        return {"sessions": person_sessions(log, person)}


@router.delete("/sessions/{number}", response_model=SessionRemoved)
def remove_session(visit: Ruling, person: Pseudonym, number: Number) -> Any:
    """Remove a recording that is wrong, for all whom it shows; daily values follow.

    Alerts that it raised stay.
    """
    from mien.log import session_rows

    with visit.audited() as log:
        removed = session_rows.remove_session(log, number, person)
    return {"session": number, "removed": removed}


@router.get("/observations", response_model=Observations)
def get_observations(
    visit: Watching,
    person: Pseudonym,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
    cursor: Annotated[
        str | None, Query(max_length=40, description="That of the page before.")
    ] = None,
) -> Any:
    """Windows of some seconds each, a page at a time."""
    from mien.log.observation_pages import observation_page
    from mien.log.reading import note_reading
    from mien.monitor.local_time import day_span_ms

    start_ms, end_ms = day_span_ms(since or FIRST, until or LAST, None)
    with visit.audited() as log:
        note_reading(log, person, "observations")  # each page: a cursor can be made up
        page = observation_page(log, person, start_ms, end_ms, limit=limit, cursor=cursor)
    return {"observations": page.rows, "cursor": page.cursor}


@router.get("/trends", response_model=Trends)
def get_trends(
    visit: Watching,
    context: Annotated[Context, Depends(context_of)],
    person: Pseudonym,
    since: Since = None,
    until: Until = None,
) -> Any:
    """The days against the person's own earlier ones; without days, the last 56."""
    from mien.monitor.person_trends import person_trends

    _in_order(since, until)
    with visit.audited() as log:
        return person_trends(log, person, _rules(context), first=since, last=until)


@router.get(
    "/report",
    response_class=HTMLResponse,
    responses={200: {"content": {"text/html": {}}, "description": "The page."}},
)
def get_report(
    visit: Watching,
    context: Annotated[Context, Depends(context_of)],
    person: Pseudonym,
    since: Since = None,
    until: Until = None,
) -> Any:
    """A page for family or clinician; without days, about the last whole week."""
    from mien.extras import require_extra
    from mien.monitor.local_time import local_day
    from mien.monitor.report.page import known_of, person_report
    from mien.monitor.report.period import period

    require_extra("server", "a report", "jinja2")
    now = datetime.now(UTC)
    about = period(local_day(now, None), None, since, until)
    with visit.audited() as log:
        known = known_of(log, person, _rules(context), about, None)
    html = person_report(known, about, now, None)
    headers = {"Content-Security-Policy": REPORT_POLICY}
    return HTMLResponse(html.encode("utf-8", "replace"), headers=headers)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}, "description": "Rows."}
    },
)
def export_person(
    visit: Ruling,
    context: Annotated[Context, Depends(context_of)],
    person: Pseudonym,
    form: Annotated[Literal["csv", "jsonl", "parquet"], Query(alias="format")] = "jsonl",
    what: Annotated[
        list[RowKind], Query(max_length=9, description="As 'mien log export --what'.")
    ] = [],  # noqa: B006 - FastAPI copies it
) -> Any:
    """All that the log holds of a person."""
    with visit.audited() as log:
        parts = exported(log, person, form, tuple(what), context.folder)
    headers = {"Content-Disposition": f'attachment; filename="{person}.{form}"'}
    return StreamingResponse(parts, media_type=MEDIA_TYPES[form], headers=headers)


def _rules(context: Context) -> Any:
    from mien.monitor.rules.reading import DEFAULTS, load_rules

    return load_rules(context.settings.rules or DEFAULTS)


def _in_order(since: date | None, until: date | None) -> None:
    if since is not None and until is not None and until < since:
        raise Problem(422, f"to is {until}, before from, {since}: give a later day")
