from pathlib import Path

from fastapi.testclient import TestClient

from burnish.server.app import create_app
from burnish.settings import Settings
from tests.door import Door, opened


def test_the_api_describes_itself(door: Door):
    paths = door.http.get("/openapi.json").json()["paths"]
    assert {"post", "get"} <= paths["/v1/fine_tuning/jobs"].keys()
    assert "/v1/files/{file_id}/content" in paths


def test_there_is_no_page_that_loads_scripts_from_elsewhere(door: Door):
    assert door.http.get("/docs").status_code == 404
    assert door.http.get("/redoc").status_code == 404


def test_a_restarted_server_knows_what_was_there(door: Door, tmp_path: Path):
    file_id = door.upload()
    with opened(tmp_path) as again:
        assert again.client.files.retrieve(file_id).id == file_id


def test_an_app_can_be_made_from_settings_alone(tmp_path: Path):
    app = create_app(Settings(data_dir=tmp_path))
    with TestClient(app) as http:
        assert http.get("/v1/models").status_code == 200
