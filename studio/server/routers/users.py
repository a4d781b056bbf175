"""Routes of people, for operators (scope `admin`): who may sign in. `studio users` does the same."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import Field, SecretStr

from studio.network import is_loopback
from studio.recipes.base import FrozenModel
from studio.recipes.text_fields import LINE
from studio.server.dependencies import Admin, StudioSettings, Users, require_admin
from studio.server.schemas import API_PREFIX
from studio.settings import Settings

USERS = f"{API_PREFIX}/users"

router = APIRouter(prefix=USERS, tags=["users"], dependencies=[Depends(require_admin)])

UserName = Annotated[str, Field(max_length=200), LINE]
"""What a name may be the store says, with a message that people understand."""


class UserResponse(FrozenModel):
    """`signed_in_at` is the last time, null before the first."""

    name: str
    created_at: datetime
    signed_in_at: datetime | None
    is_you: bool


class UserList(FrozenModel):
    """Who may sign in, and what it means when there is nobody: `open` lets everybody on this machine in
    without sign-in, `locked` lets nobody in until `studio users add` is run on the server, `ignored` says
    that the studio was started without sign-in, whoever there is."""

    users: tuple[UserResponse, ...]
    without_users: Literal["open", "locked", "ignored"]


class NewUser(FrozenModel):
    name: UserName
    password: Annotated[SecretStr, Field(max_length=1_000)]


class Renaming(FrozenModel):
    name: UserName
    new_name: UserName


class Removal(FrozenModel):
    """`last` confirms that nobody will be left who can sign in."""

    name: UserName
    last: bool = False


@router.get("")
def list_users(users: Users, settings: StudioSettings, operator: Admin) -> UserList:
    """Who may sign in, by name."""
    return UserList(
        users=tuple(
            UserResponse(**vars(user), is_you=operator.is_person and user.name == operator.name)
            for user in users.list_all()
        ),
        without_users=_without_users(settings),
    )


@router.post("", status_code=201)
def add_user(body: NewUser, users: Users) -> None:
    """Adds somebody who may sign in. The first one closes the studio to all who do not sign in."""
    users.add(body.name, body.password.get_secret_value())


@router.post("/password", status_code=204)
def set_password(body: NewUser, users: Users) -> None:
    """Sets another password, which ends the sessions of that user."""
    users.change_password(body.name, body.password.get_secret_value())


@router.post("/rename", status_code=204)
def rename_user(body: Renaming, users: Users) -> None:
    """Changes a name, which ends the sessions of that user."""
    users.rename(body.name, body.new_name)


@router.post("/remove", status_code=204)
def remove_user(body: Removal, users: Users) -> None:
    """Removes a user, which ends their sessions. The last one only where the body confirms that."""
    users.remove(body.name, keep_last=not body.last)


def _without_users(settings: Settings) -> Literal["open", "locked", "ignored"]:
    if settings.no_sign_in:
        return "ignored"
    return "locked" if settings.sign_in or not is_loopback(settings.host) else "open"
