import pytest
import typer
from typer.testing import CliRunner

from ekspresi.cli import data
from ekspresi.datasets.registry import find_info, reader_names
from ekspresi.errors import DatasetError


@pytest.fixture
def run(monkeypatch):
    app = typer.Typer()
    data.register(app)

    def invoke(*arguments, columns=200):
        monkeypatch.setenv("COLUMNS", str(columns))
        result = CliRunner().invoke(app, ["data", "list", *arguments], catch_exceptions=False)
        return result.output

    return invoke


def test_list_shows_each_reader_in_one_line(run):
    lines = {line.split()[0]: line for line in run().splitlines() if line.strip()}
    assert set(reader_names()) <= set(lines)
    assert lines["rafdb"].split()[:6] == ["rafdb", "7", "15,339", "train", "12,271,", "test"]
    for name in reader_names():
        info = find_info(name)
        assert all(text in lines[name] for text in (info.faces, info.split, info.subjects, info.license))
    for name, leaks in (("caers", "subjects"), ("fer2013", "pictures"), ("sfew", "nothing"), ("jaffe", "-")):
        assert f" {leaks} " in lines[name]


def test_list_fits_a_narrow_screen(run):
    lines = run(columns=80).splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)
    assert " ".join("".join(line[63:] for line in lines).split()).count("only") >= 10  # the terms are whole


def test_list_of_a_name_shows_options_source_and_citation(run):
    output = run("kdef", "affectnet")
    assert output.index("kdef: KDEF") < output.index("affectnet: AffectNet")
    text = " ".join(output.split())
    assert "options angles: straight, half or all" in text
    assert "options classes: 7 or 8" in text
    for name in ("kdef", "affectnet"):
        assert find_info(name).source in text
        assert find_info(name).citation in text
        assert ", ".join(find_info(name).labels) in text


def test_list_of_an_unknown_name_is_refused(run):
    with pytest.raises(DatasetError, match=r"^'rafdb2': unknown reader\. Name one of affectnet, caers"):
        run("rafdb2")
