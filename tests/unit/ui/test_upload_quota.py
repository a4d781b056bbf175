"""Issue 18, 5: uploads have a quota, and what lies there for long is swept out."""

import os
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.ui import upload_quota as uploads
from studio.ui.blocks import UPLOAD_RETENTION_SECONDS
from studio.ui.server import build_app

FILE = {"files": ("doodle.png", b"x" * 1000, "image/png")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    return tmp_path / "uploads"


@pytest.fixture
def client(studio: AppContainer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A studio whose uploads may take 3,000 bytes, their forms included."""
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 3000)
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def held(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_uploads_beyond_the_quota_are_refused(client: TestClient, folder: Path) -> None:
    for number in range(8):
        upload = {"files": ("doodle.png", bytes([number]) * 1000, "image/png")}
        answer = client.post("/gradio_api/upload", files=upload)
    assert answer.status_code == 507
    assert "Too many uploads. Try again in an hour." in answer.json()["detail"]
    assert 1000 <= held(folder) <= 3000


def test_old_uploads_make_room_for_new_ones(client: TestClient, folder: Path) -> None:
    lost = folder / "tmp-broken-off"
    folder.mkdir()
    lost.write_bytes(b"x" * 3000)
    assert client.post("/gradio_api/upload", files=FILE).status_code == 507
    long_ago = time.time() - UPLOAD_RETENTION_SECONDS - 1
    os.utime(lost, (long_ago, long_ago))
    assert client.post("/gradio_api/upload", files=FILE).status_code == 200
    assert not lost.exists()


def test_an_upload_of_unknown_length_or_from_another_site_is_refused(
    client: TestClient, folder: Path
) -> None:
    parts = iter([b"x" * 10])
    assert client.post("/gradio_api/upload", content=parts).status_code == 411
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert client.post("/gradio_api/upload", files=FILE, headers=foreign).status_code == 403
    assert not folder.exists() or held(folder) == 0
    assert client.get("/gradio_api/upload_progress?upload_id=x").status_code == 404
