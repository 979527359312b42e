"""Make the app of the service from its settings.

In: settings. Out: an ASGI app that any server can run; ``server`` runs it with uvicorn. Does not know about sockets or
signals.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from ekspresi import __version__
from ekspresi.service.keys import KeyCheck, load_keys
from ekspresi.service.limits import Limits
from ekspresi.service.observation import REQUEST_ID_HEADER, Observation
from ekspresi.service.openapi import complete_document
from ekspresi.service.problems import answer_with_problems
from ekspresi.service.routes import analyze, health, metrics, model, open_inference, recognize, stream
from ekspresi.service.settings import ServiceSettings
from ekspresi.service.state import ServiceState
from ekspresi.service.studio_files import StudioFiles, list_studio_files

_ROUTES = (analyze, recognize, stream, model, open_inference, health, metrics)

_DESCRIPTION = """Recognize facial expressions on faces only a few pixels wide, with calibrated confidence.

Pictures are held in memory while they are answered, and never stored or logged. An expression is what a face shows, not
what a person feels."""


def create_app(settings: ServiceSettings) -> FastAPI:
    """Load the model, and make the app.

    Its ``state.service`` is a ``ServiceState``. The app works without its lifespan, which ends its threads.

    Args:
        settings: of the service.

    Raises:
        ModelError, ConfigError, MissingExtraError: the model, the device, the detector or the keys cannot be used.

    Example:
        >>> app = create_app(ServiceSettings(device="cpu"))
        >>> "/v1/analyze" in app.openapi()["paths"]
        True
    """
    keys = load_keys(settings)
    state = ServiceState.load(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        state.close()

    app = FastAPI(
        title="ekspresi",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # these pages load scripts of others
        redoc_url=None,
        redirect_slashes=False,  # a redirect would name the host that a client claims
    )
    app.state.service = state
    answer_with_problems(app)
    for routes in _ROUTES:
        app.include_router(routes.router)
    complete_document(app, needs_key=bool(keys))
    # The last one is the outermost.
    app.add_middleware(Limits, settings=settings)
    app.add_middleware(KeyCheck, keys=keys)
    app.add_middleware(StudioFiles, files=list_studio_files())
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", REQUEST_ID_HEADER],
            expose_headers=[REQUEST_ID_HEADER, "Retry-After"],
        )
    paths = {route.path for routes in _ROUTES for route in routes.router.routes}
    app.add_middleware(Observation, state=state, paths=paths)
    return app
