"""The app as a whole: its document, and answers under concurrency."""

import asyncio
from typing import Any

import httpx

from tests.support.service_calls import LABELS, call, marker_picture, run_with_client


def test_document_describes_every_route_with_its_errors(make_app: Any) -> None:
    document = call(make_app(), "GET", "/openapi.json").json()
    for path in ("/v1/analyze", "/v1/recognize"):
        post = document["paths"][path]["post"]
        assert set(post["requestBody"]["content"]) >= {"multipart/form-data", "image/jpeg"}
        for status in ("413", "415", "422", "503"):
            assert set(post["responses"][status]["content"]) == {"application/problem+json"}
    assert document["components"]["schemas"]["FaceRow"]["example"]["expression"] == "happiness"


def test_pages_with_scripts_of_others_are_absent(make_app: Any) -> None:
    app = make_app()
    assert [call(app, "GET", path).status_code for path in ("/docs", "/redoc")] == [404, 404]


def test_address_with_a_slash_is_not_redirected(make_app: Any) -> None:
    response = call(make_app(), "POST", "/v1/analyze/", headers={"Host": "evil.example"})
    assert response.status_code == 404 and "location" not in response.headers


def test_cors_opens_the_named_origins_only(make_app: Any) -> None:
    origin, key = "https://page.example", "correct-horse-battery"
    app = make_app(cors_origins=(origin,), api_keys=(key,))
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "X-API-Key"}
    allowed = call(app, "OPTIONS", "/v1/analyze", headers={"Origin": origin, **asked})  # browsers send no key here
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, origin)
    answer = call(app, "GET", "/v1/model", headers={"Origin": origin, "X-API-Key": key})
    assert answer.headers["access-control-allow-origin"] == origin
    for name in ("https://evil.example", "null", "https://page.example.evil"):
        foreign = call(app, "GET", "/v1/model", headers={"Origin": name, "X-API-Key": key})
        assert "access-control-allow-origin" not in foreign.headers


def test_concurrent_requests_get_their_own_faces(make_app: Any) -> None:
    app = make_app(max_requests=1000, max_waiting_pictures=1000)

    async def everyone(client: httpx.AsyncClient) -> list[bool]:
        async def picture(i: int) -> bool:
            content = marker_picture(i % len(LABELS), side=20 + i % 7)
            response = await client.post("/v1/analyze", files={"file": (f"{i}.png", content)})
            (row,) = response.json()["faces"]
            return (row["source"], row["expression"], row["x2"]) == (f"{i}.png", LABELS[i % 8], 20 + i % 7)

        async def crops(i: int) -> bool:
            marks = [(i + j) % len(LABELS) for j in range(1 + i % 20)]
            files = [("files", (f"{i}-{j}.png", marker_picture(mark))) for j, mark in enumerate(marks)]
            rows = (await client.post("/v1/recognize", files=files)).json()["faces"]
            found = [(row["source"], row["expression"]) for row in rows]
            return found == [(f"{i}-{j}.png", LABELS[mark]) for j, mark in enumerate(marks)]

        return await asyncio.gather(*map(picture, range(80)), *map(crops, range(80)))

    assert all(run_with_client(app, everyone))
