"""Routes of the history's stars, tags, collections and saved searches, for operators (scope `admin`)."""

from fastapi import APIRouter, Depends

from studio.recipes.history import RowId, SavedSearch
from studio.server.dependencies import Admin, SavedSearches, VariantLabels, require_admin
from studio.server.history_schemas import (
    VARIANTS,
    LabelledResponse,
    LabelRequest,
    SavedSearchRequest,
)
from studio.server.schemas import API_PREFIX

SEARCHES = f"{API_PREFIX}/saved-searches"

router = APIRouter(tags=["history"], dependencies=[Depends(require_admin)])


@router.put(f"{VARIANTS}/labels")
def set_label(body: LabelRequest, labels: VariantLabels, operator: Admin) -> LabelledResponse:
    """Stars variants, tags them, or puts them into a collection, for the whole installation."""
    changed = labels.set(body.ids, body.kind, body.name.strip(), operator.name)
    return LabelledResponse(changed=changed)


@router.post(f"{VARIANTS}/labels/remove")
def remove_label(body: LabelRequest, labels: VariantLabels) -> LabelledResponse:
    """Takes a star or a tag from variants, or takes them out of a collection."""
    return LabelledResponse(changed=labels.remove(body.ids, body.kind, body.name.strip()))


@router.get(SEARCHES)
def list_saved_searches(searches: SavedSearches) -> list[SavedSearch]:
    """The saved searches, by name."""
    return list(searches.list_all())


@router.post(SEARCHES, status_code=201)
def save_search(body: SavedSearchRequest, searches: SavedSearches, operator: Admin) -> SavedSearch:
    """Saves a filter of the history under a name that is not taken."""
    return searches.add(body.name, body.filters, operator.name)


@router.delete(f"{SEARCHES}/{{search_id}}", status_code=204)
def delete_saved_search(search_id: RowId, searches: SavedSearches) -> None:
    """Deletes a saved search; the variants stay."""
    searches.remove(search_id)
