"""What is loaded, and how good it is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from mien.server.access.roles import Who, needs
from mien.server.context import Context, context_of
from mien.server.model_facts import available_models, loaded_models, read_evaluations

router = APIRouter(prefix="/v1/models", tags=["models"])


class AvailableOut(BaseModel):
    """A registered detector or classifier."""

    name: str
    kind: str
    works: bool
    note: str = Field(description="What it is, or why it does not work here.")


class ModelsOut(BaseModel):
    """The models of the server."""

    classifier: dict[str, Any] = Field(description="Name, labels, input, file and card.")
    detector: dict[str, Any] = Field(description="Name, method, threshold and card.")
    available: list[AvailableOut]
    evaluations: list[dict[str, Any]] = Field(
        description="Figures of the reports that 'mien serve --reports DIR' was given."
    )


@router.get("")
def get_models(
    context: Annotated[Context, Depends(context_of)],
    who: Annotated[Who, Depends(needs("analyse"))],
) -> ModelsOut:
    """The loaded models with their cards, what else there is, and measured figures."""
    if context.models is None:
        context.models = loaded_models(context.recognizer) | {"available": available_models()}
    folder = context.settings.reports
    evaluations = [] if folder is None else read_evaluations(folder)
    return ModelsOut(**context.models, evaluations=evaluations)
