"""Define what several routes share: the state of the service, their errors, and rows.

In: a request; faces. Out: the state; documentation of errors; rows as the tables of ``ekspresi predict`` have them.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends
from fastapi.requests import HTTPConnection

from ekspresi.service.openapi import PROBLEM_RESPONSE
from ekspresi.service.problems import RequestError
from ekspresi.service.state import ServiceState
from ekspresi.service.wire import JsonFace, face_values
from ekspresi.types import Face, Row


def get_state(request: HTTPConnection) -> ServiceState:
    """Return the state of the service that a request or a WebSocket reached.

    >>> from types import SimpleNamespace
    >>> app = SimpleNamespace(state=SimpleNamespace(service="the state"))
    >>> get_state(HTTPConnection({"type": "http", "app": app}))
    'the state'
    """
    state: ServiceState = request.app.state.service
    return state


Service = Annotated[ServiceState, Depends(get_state)]


def require_ready(service: ServiceState) -> None:
    """Check that a service takes requests.

    Raises:
        RequestError: it stops.

    >>> from types import SimpleNamespace
    >>> require_ready(SimpleNamespace(stopping=False))
    """
    if service.stopping:
        raise RequestError("stopping", "the service: stops. Send requests to another one, or again later.")


def document_errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the errors of a route for its OpenAPI document.

    >>> sorted(document_errors(422))
    [422]
    """
    return dict.fromkeys(statuses, PROBLEM_RESPONSE)


def document_body(properties: dict[str, Any], several: bool) -> dict[str, Any]:
    """Describe a body that is a form with files, or the bytes of one picture.

    Args:
        properties: JSON schemas of the other fields of the form.
        several: whether the form may hold several files.

    >>> sorted(document_body({}, several=False)["requestBody"]["content"])[-1]
    'multipart/form-data'
    """
    file = {"type": "string", "format": "binary", "description": "A picture file."}
    files: dict[str, Any] = {"type": "array", "items": file, "minItems": 1} if several else file
    name = "files" if several else "file"
    form = {
        "type": "object",
        "properties": {name: files, **properties},
        "required": [name],
        "additionalProperties": False,
    }
    raw = {"schema": {"type": "string", "format": "binary"}}
    kinds = ("image/jpeg", "image/png", "image/webp", "application/octet-stream")
    content = {"multipart/form-data": {"schema": form}, **dict.fromkeys(kinds, raw)}
    return {"requestBody": {"required": True, "content": content}}


def face_rows(faces: Sequence[Face], names: Sequence[str], labels: tuple[str, ...]) -> list[JsonFace]:
    """Turn faces into rows, numbered from 1 within each name's picture.

    Args:
        faces: with predictions; those of one picture follow each other, largest first.
        names: source of each face.
        labels: of the model.

    >>> rows = face_rows([Face((0, 0, 8, 8), 1.0), Face((0, 0, 4, 4), 1.0)], ["a.jpg", "a.jpg"], ())
    >>> [row["face"] for row in rows]
    [1, 2]
    """
    return [
        face_values(Row(name, 0, None, None, face, face_number=number), labels)
        for number, (face, name) in enumerate(zip(faces, names, strict=True), start=1)
    ]
