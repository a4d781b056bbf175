"""The language of a reader over HTTP: a cookie when one was chosen on a page, else the browser's."""

from collections.abc import Mapping

from studio.locales import DEFAULT, LANGUAGES

COOKIE = "studio_language"


def language_of(headers: Mapping[str, str]) -> str:
    """A key of LANGUAGES for a request with these headers (names in lower case, or a case-insensitive
    mapping as Starlette's)."""
    # Cookies of other applications on this host come along, in forms that http.cookies stops at.
    pairs = (each.partition("=") for each in headers.get("cookie", "").split(";"))
    cookies = {name.strip(): value.strip().strip('"') for name, _, value in pairs}
    return preferred(cookies.get(COOKIE), headers.get("accept-language", ""))


def preferred(chosen: str | None, accepted: str = "") -> str:
    """`chosen` where it is a language of ours, else the first of `accepted` (Accept-Language, RFC 9110,
    12.5.4; in its order, without weights) that is one, else DEFAULT."""
    if chosen is not None and chosen in LANGUAGES:
        return chosen
    for part in accepted.split(","):
        wanted = part.partition(";")[0].strip().lower()
        for code in LANGUAGES:
            if wanted and code.lower().partition("-")[0] == wanted.partition("-")[0]:
                return code
    return DEFAULT
