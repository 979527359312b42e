"""Open streams of frames over WebSocket."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.requests import HTTPConnection
from fastapi.websockets import WebSocket
from pydantic import ValidationError

from ekspresi.service.choices import PictureFields, choose
from ekspresi.service.problems import RequestError, invalid_error, refusal_of
from ekspresi.service.routes.shared import Service
from ekspresi.service.stream_answers import StreamAnswers
from ekspresi.service.stream_session import SessionLimits, StreamSession

router = APIRouter(tags=["faces"])

_USUAL_PORTS = (80, 443)


@router.websocket("/v1/stream")
async def _answer_stream(socket: WebSocket, service: Service) -> None:
    """Answer the frames of a client as ``stream_session`` describes; refuse with an HTTP answer before that."""
    settings = service.settings
    try:
        check_origin(socket, settings.cors_origins)
        if service.stopping:
            raise RequestError("stopping", "the service: stops. Connect to another one, or again later.")
        service.streams.check_room()
        choices = choose(settings, read_query(socket.query_params), {})
        answers = StreamAnswers(service.analysis, choices)
    except RequestError as error:
        await socket.send_denial_response(error.to_response(socket.url.path))
        return
    limits = SessionLimits(settings.max_bytes, settings.stream_idle_s, settings.stream_s)
    session = StreamSession(socket, answers.answer, limits)
    await service.streams.run(session)


def read_query(query: Mapping[str, str]) -> PictureFields:
    """Read the choices of a stream from its query.

    Raises:
        RequestError: a name is unknown, or a value is not valid.

    >>> read_query({"prior": "uniform"}).prior
    'uniform'
    """
    try:
        return PictureFields.model_validate(dict(query))
    except ValidationError as error:
        raise invalid_error(refusal_of(error, "query")) from None


def check_origin(request: HTTPConnection, allowed: tuple[str, ...]) -> None:
    """Check that a request comes from no web page, from one of this service, or from an allowed origin.

    Browsers do not hold WebSockets back as CORS holds back other requests, so the service itself must look at their
    origin (RFC 6455, 10.2).

    Args:
        request: with its headers.
        allowed: origins, such as 'https://example.org'.

    Raises:
        RequestError: it comes from a page of another origin.

    >>> headers = [(b"host", b"localhost:8000"), (b"origin", b"http://localhost:8000")]
    >>> check_origin(HTTPConnection({"type": "websocket", "headers": headers}), ())
    """
    origins = request.headers.getlist("origin")
    if not origins or origins in [[each] for each in allowed]:
        return
    hosts = {_host_of(origin) for origin in (*origins, f"http://{request.headers.get('host', '')}")}
    if len(hosts) > 1 or None in hosts:
        detail = "the origin of the page: may not open a stream here. Add it to cors_origins."
        raise RequestError("foreign-origin", detail)


def _host_of(origin: str) -> tuple[str, int | None] | None:
    """Return the host of an origin, and its port unless it is usual; None for 'null' and the like.

    The scheme does not count: a proxy may have changed https to http.
    """
    try:
        parts = urlsplit(origin)
        return (parts.hostname, None if parts.port in _USUAL_PORTS else parts.port) if parts.hostname else None
    except ValueError:
        return None
