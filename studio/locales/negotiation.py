"""Language negotiation over HTTP: the cookie set on a page, else Accept-Language."""

from collections.abc import Mapping

from studio.locales import DEFAULT, LANGUAGES

COOKIE = "studio_language"


def language_of(headers: Mapping[str, str]) -> str:
    """The language (a key of LANGUAGES) of a request.

    Args:
        headers: its headers, with names in lower case or as a case-insensitive mapping
            (Starlette's).
    """
    # Other applications on this host set cookies, too, some in forms that http.cookies stops at.
    pairs = (cookie.partition("=") for cookie in headers.get("cookie", "").split(";"))
    cookies = {name.strip(): value.strip().strip('"') for name, _, value in pairs}
    return preferred(cookies.get(COOKIE), headers.get("accept-language", ""))


def preferred(chosen: str | None, accepted: str = "") -> str:
    """The best language of LANGUAGES.

    Args:
        chosen: counts first, when it is a key of LANGUAGES.
        accepted: an Accept-Language header (RFC 9110, 12.5.4), read in its order; weights are
            ignored.

    Returns DEFAULT where nothing matches.
    """
    if chosen is not None and chosen in LANGUAGES:
        return chosen
    for part in accepted.split(","):
        requested = part.partition(";")[0].strip().lower()
        for code in LANGUAGES:
            if requested and code.lower().partition("-")[0] == requested.partition("-")[0]:
                return code
    return DEFAULT
