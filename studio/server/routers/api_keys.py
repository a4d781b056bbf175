"""Routes of API keys, for operators (scope `admin`): clients with their limits. `studio api-keys` does the same."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends

from studio.recipes.base import FrozenModel
from studio.recipes.serving.request_status import ApiClient, ClientName
from studio.server.dependencies import Clients, require_admin
from studio.server.schemas import API_PREFIX
from studio.store.api_clients import ApiKey

API_KEYS = f"{API_PREFIX}/api-keys"

router = APIRouter(prefix=API_KEYS, tags=["API keys"], dependencies=[Depends(require_admin)])


class NewKeyResponse(FrozenModel):
    """A client with its new key, which cannot be read again later."""

    client: ApiClient
    key: str


@router.get("")
def list_api_keys(clients: Clients) -> Sequence[ApiKey]:
    """The clients, by name. Keys are stored as hashes and cannot be shown."""
    return clients.list_keys()


@router.post("", status_code=201)
def create_api_key(body: ApiClient, clients: Clients) -> NewKeyResponse:
    """Creates a client with a key, which this answer alone has."""
    return NewKeyResponse(client=body, key=clients.add(body))


@router.put("/{name}", status_code=204)
def change_limits(name: ClientName, body: ApiClient, clients: Clients) -> None:
    """Changes a client's limits, channel and scopes; its key stays."""
    clients.update(body.model_copy(update={"name": name}))


@router.post("/{name}/rotate")
def rotate_api_key(name: ClientName, clients: Clients) -> NewKeyResponse:
    """Gives a client another key; the former one stops working at once."""
    client, key = clients.rotate_key(name)
    return NewKeyResponse(client=client, key=key)


@router.delete("/{name}", status_code=204)
def revoke_api_key(name: ClientName, clients: Clients) -> None:
    """Deletes a client: its key stops working at once."""
    clients.remove(name)
