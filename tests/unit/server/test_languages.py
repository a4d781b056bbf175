"""Pages and their scripts' texts in the reader's language. Issue 19, 1."""

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.locales import LANGUAGES, templates
from studio.server.places import PLAIN_PAGES
from studio.ui.server import build_app

PAGES = (*(page.address for page in PLAIN_PAGES), "/sign-in")
CHINESE = {"accept-language": "zh-CN,zh;q=0.9"}


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


@pytest.mark.parametrize("page", PAGES)
def test_page_is_in_the_readers_language(client: TestClient, page: str) -> None:
    english, chinese = client.get(page), client.get(page, headers=CHINESE)
    for answer, language in ((english, "en"), (chinese, "zh-CN")):
        assert f'<html lang="{language}"' in answer.text
        assert templates(language)["page.product"] in answer.text
        assert answer.headers["vary"].startswith("Cookie, Accept-Language")
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert 'data-language="zh-CN"' in english.text
    assert 'data-language="en"' in chinese.text


def test_language_of_the_url_is_stored_in_a_cookie(client: TestClient) -> None:
    answer = client.get("/history?lang=zh-CN")
    assert '<html lang="zh-CN"' in answer.text
    cookie = answer.headers["set-cookie"]
    assert cookie == "studio_language=zh-CN; Path=/; Max-Age=31536000; SameSite=Lax"
    assert '<html lang="zh-CN"' in client.get("/assets/models").text
    assert '<html lang="en"' in client.get("/assets/models?lang=en", headers=CHINESE).text
    assert '<html lang="en"' in client.get("/assets/models", headers=CHINESE).text
    for unknown in ("fr", "../en", "", "%0d%0aset-cookie:x"):
        assert "set-cookie" not in client.get(f"/assets/models?lang={unknown}").headers


def test_texts_of_a_language_are_cached_by_etag(client: TestClient) -> None:
    for language in LANGUAGES:
        answer = client.get(f"/own/locales/{language}.json")
        assert answer.json() == dict(templates(language))
        tag = answer.headers["etag"]
        repeated = client.get(f"/own/locales/{language}.json", headers={"if-none-match": tag})
        assert (repeated.status_code, repeated.content) == (304, b"")
    assert client.get("/own/locales/fr.json").status_code == 404


def test_user_name_is_shown_escaped(client: TestClient, studio: AppContainer) -> None:
    studio.stores.users.set_password("<b>ada", "correct horse battery")
    form = {"name": "<b>ada", "password": "correct horse battery"}
    assert client.post("/sign-in", data=form).url.path == "/"
    page = client.get("/history").text
    assert 'title="Signed in as &lt;b&gt;ada"' in page
    assert "<b>ada" not in page
    assert client.get("/sign-in?failed", headers=CHINESE).text.count("名称或密码错误。") == 1


def test_refusal_is_in_the_readers_language(client: TestClient, studio: AppContainer) -> None:
    studio.stores.users.set_password("ada", "correct horse battery")
    answer = client.get("/api/v1/variants", headers=CHINESE)
    assert answer.status_code == 401
    problem = answer.json()
    assert (problem["detail"], problem["code"]) == ("请先在 /sign-in 登录。", "auth.not_signed_in")
