"""Complete the OpenAPI document of the app with what its routes only refer to.

In: the app. Out: its document with the schemas of errors and tensors, an error for every other status, and API keys.
Does not know what routes do.
"""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from ekspresi.service.inference_protocol import InferenceRequest, InferenceResponse
from ekspresi.service.keys import OPEN_PATHS
from ekspresi.service.problems import MEDIA_TYPE
from ekspresi.service.schemas import ProblemDocument

REFERENCE = "#/components/schemas/{model}"
"""Place of a model's schema in the document."""

_MODELS = (ProblemDocument, InferenceRequest, InferenceResponse)
_KEY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def refer_to(model: type[Any]) -> dict[str, str]:
    """Return a reference to the schema of a model.

    >>> refer_to(ProblemDocument)
    {'$ref': '#/components/schemas/ProblemDocument'}
    """
    return {"$ref": REFERENCE.format(model=model.__name__)}


PROBLEM_RESPONSE: dict[str, Any] = {
    "description": "A problem document (RFC 9457).",
    "content": {MEDIA_TYPE: {"schema": refer_to(ProblemDocument)}},
}
"""Description of an error."""


def complete_document(app: FastAPI, *, needs_key: bool) -> None:
    """Make an app give its complete OpenAPI document.

    Args:
        app: with all its routes.
        needs_key: whether requests need an API key.

    >>> app = FastAPI()
    >>> complete_document(app, needs_key=True)
    >>> sorted(app.openapi()["components"]["securitySchemes"])
    ['bearer', 'header']
    """
    document = app.openapi()
    components = document.setdefault("components", {})
    _, found = models_json_schema([(model, "validation") for model in _MODELS], ref_template=REFERENCE)
    components.setdefault("schemas", {}).update(found["$defs"])
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["responses"]["default"] = PROBLEM_RESPONSE
            if needs_key and path not in OPEN_PATHS:
                operation["security"] = [{name: []} for name in _KEY_SCHEMES]
    if needs_key:
        components["securitySchemes"] = _KEY_SCHEMES
    app.openapi_schema = document
