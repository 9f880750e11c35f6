from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.testclient import TestClient

from burnish.server.site import Site


def _app(name: str, said: list[str]) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI):
        said.append(f"{name} begins")
        yield
        said.append(f"{name} ends")

    app = FastAPI(lifespan=lifespan, openapi_url="/openapi.json" if name == "api" else None)
    app.get("/v1/models")(lambda: name)
    app.get("/")(lambda: name)
    return app


def test_the_path_says_whose_a_request_is_and_both_apps_live_as_long():
    said: list[str] = []
    with TestClient(Site(_app("api", said), _app("pages", said))) as http:
        assert (http.get("/v1/models").json(), http.get("/").json()) == ("api", "pages")
        assert http.get("/v1").status_code == http.post("/v1/models").status_code - 1 == 404
        assert http.get("/openapi.json").json()["openapi"]
        assert said == ["api begins", "pages begins"]
    assert said == ["api begins", "pages begins", "pages ends", "api ends"]
