"""Whether the server is alive and ready."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready() -> dict[str, str]:
    """The networks are loaded: requests are answered at once."""
    return {"status": "ok"}
