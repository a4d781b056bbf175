"""The places of the studio and their pages: one table, of which routes, navigation and tests are made."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

STUDIO = "/"
"""The address of the studio page, which Gradio serves."""
THEME_PAGE = re.compile(r"/themes/[a-z0-9-]+(/versions(/\d+/review)?|/releases|/review|/policy)?")
"""Addresses of the pages of one theme (`theme_pages`)."""


class PlacePage(NamedTuple):
    """A page of a place, and its tab there.

    `address` is its URL path, `title` the text id of its name, `template` the file name (without `.html`) of
    its template and (without `.js`) of its script. The studio page has no template.
    """

    address: str
    title: str
    template: str = ""


class Place(NamedTuple):
    """An entry of the navigation, which opens the first of its pages.

    `address` begins the addresses of all its pages; where no page has it, it redirects to the first one.
    `id` also names the icon, `title` is a text id.
    """

    id: str
    address: str
    title: str
    pages: Sequence[PlacePage]


PLACES: Sequence[Place] = (
    Place("studio", STUDIO, "page.studio.title", [PlacePage(STUDIO, "page.studio.title")]),
    Place(
        "themes",
        "/themes",
        "page.themes.title",
        [PlacePage("/themes", "page.themes.title", "themes")],
    ),
    Place(
        "history",
        "/history",
        "page.history.title",
        [PlacePage("/history", "page.history.title", "history")],
    ),
    Place(
        "tests",
        "/tests",
        "page.shell.tests",
        [
            PlacePage("/tests", "page.tests.title", "tests"),
            PlacePage("/tests/blind-tests", "page.blind_tests.title", "blind-tests"),
            PlacePage("/tests/tuning", "page.tuning.title", "tuning"),
        ],
    ),
    Place(
        "assets",
        "/assets",
        "page.shell.assets",
        [
            PlacePage("/assets/base-images", "page.base_images.title", "base-images"),
            PlacePage("/assets/models", "page.models.title", "models"),
        ],
    ),
    Place(
        "admin",
        "/admin",
        "page.shell.admin",
        [
            PlacePage("/admin/moderation", "page.moderation.title", "moderation"),
            PlacePage("/admin/audit", "page.moderation.audit_log", "audit"),
            PlacePage("/admin/people", "page.people.title", "people"),
            PlacePage("/admin/api-keys", "page.api_keys.title", "api-keys"),
            PlacePage("/admin/system", "page.system.title", "system"),
            PlacePage("/admin/log", "page.system.log", "log"),
        ],
    ),
)
PLAIN_PAGES: Sequence[PlacePage] = [
    page for place in PLACES for page in place.pages if page.template
]
"""The pages that are templates of `studio/server/templates`."""
MOVED: Mapping[str, str] = {
    "/blind-tests": "/tests/blind-tests",
    "/tuning": "/tests/tuning",
    "/base-images": "/assets/base-images",
    "/models": "/assets/models",
    "/moderation": "/admin/moderation",
    "/system": "/admin/system",
    "/votes": "/tests/blind-tests",
    "/bases": "/assets/base-images",
    "/safety": "/admin/moderation",
}
"""Pages by their former addresses; links to these may be stored anywhere."""
ROOTS: Mapping[str, str] = {
    place.address: place.pages[0].address
    for place in PLACES
    if place.address not in {page.address for page in place.pages}
}
"""Addresses of places that are no page, and the page that each redirects to."""


class CurrentPage(NamedTuple):
    """Where a page is: its place and itself. The pages of one theme have only a place; a page that is in no place has
    neither."""

    place: Place | None = None
    page: PlacePage | None = None


def locate(address: str) -> CurrentPage:
    """The place and the page at a URL path."""
    for place in PLACES:
        for page in place.pages:
            if page.address == address:
                return CurrentPage(place, page)
    if THEME_PAGE.fullmatch(address):
        return CurrentPage(next(place for place in PLACES if place.id == "themes"))
    return CurrentPage()
