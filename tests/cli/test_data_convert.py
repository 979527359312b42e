import json
import sys

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from ekspresi.cli import data
from ekspresi.datasets.registry import read
from ekspresi.errors import DatasetError, MissingExtraError, OutputError
from tests.support.fake_datasets import write_affectnet_sets, write_rafdb
from tests.support.fake_faces import write_ckplus48, write_ferplus


@pytest.fixture
def run(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    data.register(app)
    return lambda *arguments: CliRunner().invoke(app, ["data", "convert", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def spec(tmp_path):
    return f"ckplus48:{write_ckplus48(tmp_path / 'CK+48')}"


def test_convert_writes_a_file_of_the_same_faces(run, tmp_path):
    spec, out = f"rafdb:{write_rafdb(tmp_path / 'RAF [DB]')}", tmp_path / "raf [b].parquet"
    result = run(spec, out)
    assert result.exit_code == 0
    assert f"written: {out} (5 faces, 0.0 MB)" in result.output
    assert f"read it as parquet:{out}; its terms: non-commercial research only" in result.output
    assert read(f"parquet:{out}").fingerprint == read(spec).fingerprint
    assert b"CVPR 2017" in pq.read_schema(out).metadata[b"ekspresi"]


def test_convert_keeps_the_options_of_the_spec(run, tmp_path):
    out = tmp_path / "seven.parquet"
    run(f"affectnet:{write_affectnet_sets(tmp_path / 'AffectNet')}?classes=7", out)
    assert json.loads(pq.read_schema(out).metadata[b"ekspresi"])["options"] == "classes=7"
    assert len(read(f"parquet:{out}").labels) == 7


def test_convert_names_what_was_skipped(run, tmp_path):
    result = run(f"ferplus:{write_ferplus(tmp_path / 'ferplus', 'csv')}", tmp_path / "x.parquet")
    assert "skipped: 1, the first of them:" in result.output
    assert "fer2013new.csv row 2: names no image" in result.output


def test_convert_may_replace_its_own_files_only(run, spec, tmp_path):
    out = tmp_path / "x.parquet"
    assert run(spec, out).exit_code == run(spec, out).exit_code == 0
    table = pq.read_table(out)
    pq.write_table(table.replace_schema_metadata(None), out)
    before = out.read_bytes()
    with pytest.raises(
        OutputError, match=r"nothing in it shows that ekspresi made it\. Use --overwrite .*OUT\.parquet"
    ):
        run(spec, out)
    assert out.read_bytes() == before
    assert run(spec, out, "--overwrite").exit_code == 0


def test_convert_refuses_to_replace_what_it_reads(run, spec, tmp_path):
    out = tmp_path / "parts" / "x.parquet"
    out.parent.mkdir()
    run(spec, out)
    before = out.read_bytes()
    for source, target in ((out, out), (out.parent, out), (out.parent, out.parent / "y.parquet")):
        with pytest.raises(OutputError, match="is part of the data set that is read"):
            run(f"parquet:{source}", target, "--overwrite")
    assert [path.name for path in out.parent.iterdir()] == ["x.parquet"]
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        ("x.csv", OutputError, r"x\.csv: is not the name of a Parquet file\. Use a name that ends in \.parquet\."),
        ("x.parquet", MissingExtraError, r"needs the extra \[parquet\]"),
        ("taken.parquet", OutputError, "nothing in it shows that ekspresi made it"),
    ],
)
def test_convert_refuses_before_it_reads(run, tmp_path, monkeypatch, out, error, message):
    monkeypatch.setattr("ekspresi.datasets.registry.read", lambda _: pytest.fail("must not read"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.parquet").write_text("of someone else")
    if error is MissingExtraError:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(error, match=message):
        run("ckplus48:x", out)


def test_convert_that_fails_leaves_no_file(run, tmp_path):
    with pytest.raises(DatasetError, match="unknown reader"):
        run("nosuch:x", tmp_path / "x.parquet")
    assert list(tmp_path.iterdir()) == []
