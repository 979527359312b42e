"""Use the page without a network, after it was loaded once."""

from collections.abc import Callable

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
