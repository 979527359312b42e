"""The OpenAPI document is complete: every reference resolves, every route has errors, keys are described."""

import json
import re
from typing import Any

import pytest

from ekspresi.service.inference_protocol import InferenceResponse
from ekspresi.service.keys import OPEN_PATHS
from tests.support.service_calls import call

URL = "/v2/models/ekspresi/infer"


def test_every_reference_of_the_document_resolves(make_app: Any) -> None:
    document = call(make_app(), "GET", "/openapi.json").json()
    found = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert found and found <= schemas


def test_every_operation_has_an_id_and_describes_errors(make_app: Any) -> None:
    paths = call(make_app(), "GET", "/openapi.json").json()["paths"]
    operations = [operation for each in paths.values() for operation in each.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) >= 12 and all(re.fullmatch(r"[a-z_]+", name) for name in ids)
    assert all("application/problem+json" in each["responses"]["default"]["content"] for each in operations)


@pytest.mark.parametrize("keys", [(), ("correct-horse-battery",)])
def test_document_asks_for_a_key_where_one_is_needed(make_app: Any, keys: tuple[str, ...]) -> None:
    document = make_app(api_keys=keys).openapi()
    asking = {path for path, each in document["paths"].items() if any("security" in one for one in each.values())}
    assert asking == (set(document["paths"]) - OPEN_PATHS if keys else set())
    assert ("securitySchemes" in document["components"]) == bool(keys)


def test_example_of_an_inference_request_is_answered(make_app: Any) -> None:
    app = make_app()
    example = app.openapi()["components"]["schemas"]["InferenceRequest"]["example"]
    answer = call(app, "POST", URL, json={**example, "parameters": {}}).json()
    assert [output.shape for output in InferenceResponse.model_validate(answer).outputs] == [[1, 8], [1], [1]]
