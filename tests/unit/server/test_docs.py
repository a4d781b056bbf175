"""Issue 18, 8: the API's readable document runs nothing but what ships with it."""

import re

from fastapi.testclient import TestClient

from tests.unit.server.test_api import V1


def test_docs_page_loads_only_bundled_files(app: TestClient) -> None:
    page = app.get(f"{V1}/docs", headers={"Authorization": ""})
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; ")
    assert "script-src" not in policy  # As everything else: our own files alone, nothing inline.
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    files = [each for each in loaded if each != "data:,"]
    assert len(files) == 3
    for file in files:
        assert not file.startswith(("http", "/"))
        assert app.get(f"/api/v1/{file}", headers={"Authorization": ""}).status_code == 200
    assert "<script>" not in page.text
    assert "http" not in page.text


# Issue 18, 9.
def test_openapi_document_describes_errors_as_problems(app: TestClient) -> None:
    document = app.get(f"{V1}/openapi.json").json()
    operations = [op for path in document["paths"].values() for op in path.values()]
    assert len(operations) > 35
    for operation in operations:
        assert not {"422", "default"} & set(operation["responses"])
        for code in ("4XX", "5XX"):
            [kind] = operation["responses"][code]["content"]
            assert kind == "application/problem+json"
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert "requestBody" in document["paths"][f"{V1}/admin/themes"]["post"]


def test_swagger_ui_licences_are_served(app: TestClient) -> None:
    for name in ("LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"):
        assert app.get(f"{V1}/docs/own/{name}").status_code == 200
