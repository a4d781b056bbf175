"""Routes that override moderation decisions on finished variants, for operators (scope `admin`)."""

from fastapi import APIRouter

from studio.recipes.generation.job import RequestId
from studio.recipes.themes.preset import Slot
from studio.server.admin_schemas import OverrideRequest
from studio.server.dependencies import AdminClient, Language, VariantReviews
from studio.server.schemas import API_PREFIX, RequestResponse, to_request_response

router = APIRouter(prefix=f"{API_PREFIX}/requests", tags=["moderation"])


@router.post("/{request_id}/variants/{slot}/withdraw")
def withdraw_variant(
    request_id: RequestId,
    slot: Slot,
    body: OverrideRequest,
    client: AdminClient,
    reviews: VariantReviews,
    language: Language,
) -> RequestResponse:
    """Withholds an image that was delivered already."""
    status = reviews.withdraw(request_id, slot, body.reason, client.name)
    return to_request_response(status, language)


@router.post("/{request_id}/variants/{slot}/release")
def release_variant(
    request_id: RequestId,
    slot: Slot,
    body: OverrideRequest,
    client: AdminClient,
    reviews: VariantReviews,
    language: Language,
) -> RequestResponse:
    """Delivers a withheld image after all; one that was never stored is rendered again."""
    status = reviews.release(request_id, slot, body.reason, client.name)
    return to_request_response(status, language)
