"""The log's alerts and what people do with them, and the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from mien.server.log_visit import Caring, Ruling, Visit, Watching
from mien.server.routes.log_alerts_models import (
    Acknowledgement,
    Alert,
    Alerts,
    AuditTrail,
    Feedback,
    Resolution,
)

if TYPE_CHECKING:
    from mien.log.database import Log
    from mien.monitor.alerts.alert_rows import Stored

router = APIRouter(prefix="/v1/log", tags=["log"])

MOST = 2**31 - 1
Number = Annotated[int, Path(ge=1, le=MOST, description="The alert's number.")]


@router.get("/alerts", response_model=Alerts)
def get_alerts(
    visit: Watching,
    state: Literal["live", "all", "open", "acknowledged", "resolved"] = "live",
    person: Annotated[str | None, Query(max_length=64)] = None,
) -> Any:
    """Alerts of all or one person; ``live``: open or acknowledged."""
    from mien.monitor.alerts.answers import list_alerts, row_of

    with visit.audited() as log:
        whole = state not in ("live", "open", "acknowledged")
        found, precision = list_alerts(log, everything=whole, person=person)
    rows = [row_of(one) for one in found if one.alert.state.value != "pending"]
    if state not in ("live", "all"):
        rows = [row for row in rows if row["state"] == state]
    return {"alerts": rows, "precision": [asdict(one) for one in precision]}


@router.post("/alerts/{number}/acknowledgement", response_model=Alert)
def acknowledge_alert(visit: Caring, number: Number, body: Acknowledgement | None = None) -> Any:
    """Say that you have seen an alert: it is not escalated any more."""
    from mien.monitor.alerts.answers import acknowledge

    note = "" if body is None else body.note
    return _answered(visit, lambda log, now: acknowledge(log, number, visit.who.name, now, note))


@router.post("/alerts/{number}/resolution", response_model=Alert)
def resolve_alert(visit: Caring, number: Number, body: Resolution | None = None) -> Any:
    """Close an alert. It does not come back while the same condition lasts."""
    from mien.monitor.alerts.answers import resolve

    why = "" if body is None else body.why
    return _answered(visit, lambda log, now: resolve(log, number, visit.who.name, why, now))


@router.post("/alerts/{number}/feedback", response_model=Alert)
def judge_alert(visit: Caring, number: Number, body: Feedback) -> Any:
    """Say whether an alert was useful; the last answer counts, with its note."""
    from mien.monitor.alerts.answers import give_feedback

    who = visit.who.name
    return _answered(
        visit, lambda log, now: give_feedback(log, number, body.useful, who, now, body.note)
    )


@router.get("/audit", response_model=AuditTrail)
def get_audit(
    visit: Ruling,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, le=MOST, description="Entries below it.")] = None,
) -> Any:
    """Who did what with the log, the newest entries first."""
    from mien.log.audit_pages import audit_page

    with visit.audited() as log:
        return {"entries": audit_page(log, limit=limit, before=before)}


def _answered(visit: Visit, change: Callable[[Log, datetime], Stored]) -> dict[str, Any]:
    from mien.monitor.alerts.answers import row_of

    with visit.audited() as log:
        return row_of(change(log, datetime.now(UTC)))
