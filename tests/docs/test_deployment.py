"""The deployment page, the Dockerfile and the package agree."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ekspresi.service.metrics import ServiceMetrics
from ekspresi.service.settings import ENVIRONMENT_PREFIX, ServiceSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
SERVICE = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_dockerfile_copies_all_that_the_wheel_is_built_from() -> None:
    values = project()
    wheel = values["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", values["project"]["readme"], *values["project"]["license-files"]}
    needed |= {package.partition("/")[0] for package in wheel["packages"]} | set(wheel.get("force-include", {}))
    copied = {word for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE) for word in line.split()[:-1]}
    assert copied == needed
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert allowed == needed


def test_dockerfile_is_pinned_unprivileged_and_checked() -> None:
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:3.13-slim"}
    assert re.search(r"^USER \d+$", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\\\n.*urllib.*/healthz", DOCKERFILE, re.MULTILINE)
    assert DOCKERFILE.rstrip().endswith('CMD ["ekspresi", "serve"]')
    assert "[serve]" in DOCKERFILE and "serve" in project()["project"]["optional-dependencies"]


@pytest.mark.parametrize("text", [PAGE, DOCKERFILE, SERVICE])
def test_named_variables_are_settings(text: str) -> None:
    found = set(re.findall(rf"{ENVIRONMENT_PREFIX}([A-Z_]+)=?", text))
    assert {name.lower() for name in found} <= set(ServiceSettings.model_fields)


@pytest.mark.parametrize("text", [PAGE, SERVICE])
def test_tables_name_settings_that_exist(text: str) -> None:
    rows = re.findall(r"^\| setting \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    names = {name for row in "".join(rows).splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert names and names <= set(ServiceSettings.model_fields)


def test_page_names_metrics_that_exist() -> None:
    metrics = ServiceMetrics()
    metrics.begin_request()
    metrics.end_request("/healthz", "GET", 200, 0.1)
    families = {line.split()[2] for line in metrics.to_text().splitlines() if line.startswith("# TYPE")}
    named = set(re.findall(r"`((?:ekspresi|process)_\w+)", PAGE))
    assert named and named <= families
