"""Rows are those of the command line."""

import json
from pathlib import Path

from typer.testing import CliRunner

from ekspresi.cli import app
from ekspresi.service.app import create_app
from ekspresi.service.settings import ServiceSettings
from tests.support.service_calls import call


def test_face_rows_equal_the_rows_of_predict(tmp_path: Path) -> None:
    table = tmp_path / "x.jsonl"
    done = CliRunner().invoke(app, ["predict", "examples/astronaut.jpg", "--device", "cpu", "--out", str(table)])
    assert done.exit_code == 0
    wanted = [json.loads(line) | {"source": "astronaut.jpg"} for line in table.read_text().splitlines()]
    service = create_app(ServiceSettings(device="cpu"))
    content = Path("examples/astronaut.jpg").read_bytes()
    answer = call(service, "POST", "/v1/analyze", files={"file": ("astronaut.jpg", content)}).json()
    service.state.service.close()
    assert all(row.pop("score") > 0.9 and len(row.pop("landmarks")) == 5 for row in answer["faces"])
    assert answer["faces"] == wanted and wanted
