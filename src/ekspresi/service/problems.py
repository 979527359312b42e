"""Answer every error as a problem document (RFC 9457, ``application/problem+json``).

In: what went wrong. Out: a response with type, title, status and detail; the detail reads
``<subject>: <problem>. <Fix>.``, as errors of the command line. Paths of the server are never in it. Does not know what
caused the error.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from ekspresi.service.logs import REQUEST_ID
from ekspresi.system.file_names import printable

TYPES: Mapping[str, tuple[int, str]] = {
    "no-key": (401, "The request has no API key"),
    "wrong-key": (401, "The API key is not valid"),
    "foreign-origin": (403, "The page may not call the service"),
    "not-found": (404, "There is no such address"),
    "method-not-allowed": (405, "The address does not take this method"),
    "slow-body": (408, "The body did not arrive in time"),
    "too-many-bytes": (413, "The body is too large"),
    "too-many-pixels": (413, "The picture is too large"),
    "too-many-crops": (413, "The request has too many crops"),
    "unsupported-media-type": (415, "The body is of a kind that is not read here"),
    "unreadable-picture": (422, "The picture cannot be read"),
    "invalid-request": (422, "The request has a value that is not valid"),
    "too-many-faces": (422, "The picture has too many faces"),
    "internal": (500, "The service failed"),
    "busy": (503, "The service has too much to do"),
    "timed-out": (503, "The answer took too long"),
    "stopping": (503, "The service stops"),
}
"""Name of a type -> its status and title; ``type`` of a document is ``TYPE_PREFIX`` and the name."""

TYPE_PREFIX = "urn:ekspresi:problem:"
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1
"""What answers with the status 503 advise to wait, in seconds."""

_FIXES = {
    404: "no such address. See /openapi.json for all of them.",
    405: "the address does not take this method. See /openapi.json for those that it takes.",
}


class RequestError(Exception):
    """Report a request that cannot be answered.

    Example:
        >>> error = RequestError("busy", "the queue: is full. Send the request again later.")
        >>> error.status, error.headers
        (503, {'Retry-After': '1'})

    Attributes:
        name: of the type, a key of ``TYPES``.
        detail: ``<subject>: <problem>. <Fix>.``
        members: further members of the document.
    """

    def __init__(self, name: str, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.name, self.detail, self.members = name, printable(detail), members

    @property
    def status(self) -> int:
        """Return the status of the answer."""
        return TYPES[self.name][0]

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that belong to the status."""
        known = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": str(RETRY_AFTER_S)}}
        return {**known.get(self.status, {}), **({"Connection": "close"} if self.status in (408, 413) else {})}

    def to_document(self) -> dict[str, Any]:
        """Make the problem document."""
        return {
            "type": TYPE_PREFIX + self.name,
            "title": TYPES[self.name][1],
            "status": self.status,
            "detail": self.detail,
            **self.members,
            "request_id": REQUEST_ID.get(),
        }

    def to_response(self, path: str) -> JSONResponse:
        """Make the response to a request for a path; the Open Inference Protocol wants the text in ``error``, too."""
        document = self.to_document()
        if path == "/v2" or path.startswith("/v2/"):
            document["error"] = self.detail
        return JSONResponse(document, self.status, self.headers, MEDIA_TYPE)


def answer_with_problems(app: FastAPI) -> None:
    """Make an app answer its errors as problem documents.

    Example:
        >>> app = FastAPI()
        >>> answer_with_problems(app)
        >>> RequestError in app.exception_handlers
        True
    """
    app.add_exception_handler(RequestError, _answer_request_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)


def refusal_of(error: ValidationError, where: str) -> RequestValidationError:
    """Make the refusal of values that a model found wrong; it repeats none of them.

    Args:
        error: of the model.
        where: part of the request that held the values, such as 'query'.

    Example:
        >>> found = [{"type": "missing", "loc": ("shape",), "input": {}}]
        >>> refusal_of(ValidationError.from_exception_data("InputTensor", found), "body").errors()[0]["loc"]
        ('body', 'shape')
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return RequestValidationError([{**each, "loc": (where, *each["loc"])} for each in found])


def invalid_error(error: RequestValidationError) -> RequestError:
    """Make the error of values that are not valid; its member ``errors`` has all of them.

    Example:
        >>> found = [{"loc": ("query", "prior"), "msg": "Input should be 'trained'"}]
        >>> invalid_error(RequestValidationError(found)).detail
        "query.prior: input should be 'trained'. Correct it."
    """
    found = [(".".join(map(str, each["loc"])), str(each["msg"])) for each in error.errors()]
    details = [f"{where}: {message[:1].lower()}{message[1:]}. Correct it." for where, message in found]
    return RequestError("invalid-request", details[0], errors=[printable(each) for each in details])


async def _answer_request_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestError)
    return error.to_response(request.url.path)


async def _answer_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return invalid_error(error).to_response(request.url.path)


async def _answer_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    names = {404: "not-found", 405: "method-not-allowed"}
    if error.status_code not in names:
        problem = RequestError("invalid-request", f"the request: {error.detail}. Correct it.")
        return problem.to_response(request.url.path)
    name = names[error.status_code]
    subject = f"{request.method} {request.url.path[:200]}"
    response = RequestError(name, f"{subject}: {_FIXES[error.status_code]}").to_response(request.url.path)
    response.headers.update(error.headers or {})
    return response
