"""Requests that the OpenAPI document allows, and such that it forbids, get the answers that it describes."""

from typing import Any
from unittest import SkipTest

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckContext, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.service_calls import marker_picture

EXAMPLES = 25
"""Requests for each address and mode."""
INFER = "/v2/models/ekspresi/infer"
OPERATIONS = [
    ("POST", "/v1/analyze"),
    ("POST", "/v1/recognize"),
    ("GET", "/v1/model"),
    ("GET", "/v2"),
    ("GET", "/v2/health/live"),
    ("GET", "/v2/health/ready"),
    ("GET", "/v2/models/ekspresi"),
    ("GET", "/v2/models/ekspresi/ready"),
    ("POST", INFER),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]

PICTURES = st.sampled_from([marker_picture(k, side) for k in (1, 5) for side in (8, 40)]) | st.binary(max_size=200)
schemathesis.openapi.format("binary", PICTURES)
for kind in ("image/jpeg", "image/png", "image/webp", "application/octet-stream"):
    schemathesis.openapi.media_type(kind, PICTURES)


@pytest.fixture
def api(make_app: Any) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", make_app())


def refuses_with_503_only(context: CheckContext, response: Any, case: Case) -> bool | None:
    """Allow no error of the service but the documented 'busy', which says when to come back."""
    if response.status_code == 503:
        assert response.headers["retry-after"][0].isdigit()
        return None
    return not_a_server_error(context, response, case)


CHECKS = [
    refuses_with_503_only,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_documented(api: Any, method: str, path: str, mode: GenerationMode) -> None:
    """Requests are valid in the positive mode, and break the document in the negative one."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
    @given(case=api[path][method].as_strategy(generation_mode=mode))
    def check(case: Case) -> None:
        seen.add(case.call_and_validate(checks=CHECKS).status_code)

    seen: set[int] = set()
    try:
        check()
    except (Unsatisfiable, SkipTest):
        assert mode is GenerationMode.NEGATIVE  # nothing can be wrong in a request without parameters
    else:
        # The document cannot say that an array has as many numbers as its shape.
        assert (200 in seen or path == INFER) if mode is GenerationMode.POSITIVE else (seen - {200}), seen


def test_every_address_of_the_document_is_tested(api: Any) -> None:
    found = {(each.ok().method.upper(), each.ok().path) for each in api.get_all_operations()}
    assert found == set(OPERATIONS)
