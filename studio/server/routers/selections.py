"""Routes of picks, for operators (scope `admin`): which variant of a run on the studio page was picked."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from studio.recipes.base import FrozenModel
from studio.recipes.generation.job import RequestId
from studio.recipes.themes.preset import Slot
from studio.server.dependencies import Admin, Selections, require_admin
from studio.server.history_schemas import VARIANTS

router = APIRouter(
    prefix=f"{VARIANTS}/selections", tags=["history"], dependencies=[Depends(require_admin)]
)


class Selection(FrozenModel):
    """The slot of the variant that is picked; null for none."""

    slot: Slot | None


class RunSelection(Selection):
    request_id: RequestId


@router.get("")
def list_selections(
    request_id: Annotated[list[RequestId], Query(min_length=1, max_length=100)],
    selections: Selections,
) -> list[RunSelection]:
    """The picks of runs, by their request ids."""
    found = selections.list_slots(request_id)
    return [RunSelection(request_id=id_, slot=found.get(id_)) for id_ in request_id]


@router.put("/{request_id}")
def pick_variant(
    request_id: RequestId, body: Selection, selections: Selections, operator: Admin
) -> RunSelection:
    """Picks a variant of a run in place of the one before, or none."""
    if body.slot is None:
        selections.unpick(request_id)
    else:
        selections.select(request_id, body.slot, operator.author(""))
    return RunSelection(request_id=request_id, slot=body.slot)
