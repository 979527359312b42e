"""Use the page without a network, after it was loaded once."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.support.studio_pages import StudioPage


def test_page_answers_without_a_network(open_page: Callable[..., StudioPage]) -> None:
    studio = open_page(offline=True)
    studio.wait("document.querySelector('#offline').textContent.includes('without a network')")
    context = studio.page.context
    assert studio.page.evaluate("async () => (await caches.keys()).length") == 1
    context.set_offline(True)
    studio.page.reload()
    studio.settle()
    assert studio.page.locator(".face").count() == 9
    studio.open("astronaut.jpg")
    assert studio.text("#answer").startswith("Happiness")
    assert [method for method, _ in studio.requests if method != "GET"] == []
    assert (studio.violations(), studio.problems) == ([], [])
    # The service's routes lie below the same address; its answers must not come from the store.
    context.set_offline(False)
    assert studio.run("return (await fetch('/v1/model')).status;") == 404
    context.close()


def redirect_index(handler: Any) -> Any:
    """Make a handler of requests that answers ``/index.html`` by the address of its folder, as some hosts do."""

    class Redirecting(handler.func):  # type: ignore[misc]
        def do_GET(self) -> None:  # noqa: N802 (the name of the standard library)
            if self.path.partition("?")[0] != "/index.html":
                super().do_GET()
                return
            self.send_response(308)
            self.send_header("Location", "/")
            self.send_header("Content-Length", "0")
            self.end_headers()

    return partial(Redirecting, *handler.args)


def test_page_loads_again_from_a_host_that_redirects(
    open_page: Callable[..., StudioPage], engine_page: StudioPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = engine_page.server
    monkeypatch.setattr(server, "RequestHandlerClass", redirect_index(server.RequestHandlerClass))
    studio = open_page(offline=True)
    studio.wait("document.querySelector('#offline').textContent.includes('without a network')")
    studio.page.goto(f"{studio.origin}/index.html")
    studio.settle()
    assert studio.page.evaluate("navigator.serviceWorker.controller !== null")
    assert studio.problems == []
    studio.page.context.close()
