"""The studio's page at the service: its own headers, no key, and no other file."""

from typing import Any

import pytest

from ekspresi.service.studio_files import list_studio_files
from ekspresi.studio.site import HEADERS
from tests.support.service_calls import call


def test_page_has_the_headers_of_the_studio_and_an_id(make_app: Any) -> None:
    response = call(make_app(), "GET", "/")
    assert response.status_code == 200 and "<html" in response.text
    assert {name: response.headers[name] for name in HEADERS} == dict(HEADERS)
    assert response.headers["content-type"] == "text/html; charset=utf-8" and "x-request-id" in response.headers


def test_files_need_no_key_and_the_rest_does(make_app: Any) -> None:
    app = make_app(api_keys=("correct-horse-battery",))
    assert call(app, "GET", "/ort/ort.wasm.min.mjs").headers["content-type"] == "text/javascript; charset=utf-8"
    assert call(app, "GET", "/v1/model").status_code == 401
    assert call(app, "POST", "/").status_code == 401


def test_file_that_the_browser_has_is_not_sent_again(make_app: Any) -> None:
    app = make_app()
    for path in ("/", "/js/engine/constants.js"):  # a file, and bytes that are made
        first = call(app, "GET", path)
        again = call(app, "GET", path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


@pytest.mark.parametrize("path", ["/../site.py", "/%2e%2e/site.py", "//etc/passwd", "/js/..%2f..%2fsite.py", "/index"])
def test_path_tricks_find_nothing(make_app: Any, path: str) -> None:
    response = call(make_app(), "GET", path)
    assert response.status_code == 404 and response.headers["content-type"] == "application/problem+json"


def test_addresses_of_files_and_of_routes_differ(make_app: Any) -> None:
    routes = {getattr(route, "path", None) for route in make_app().routes}
    assert not routes & set(list_studio_files())
