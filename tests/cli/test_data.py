import sys

import pytest
import typer
from typer.testing import CliRunner

from ekspresi.cli import data
from ekspresi.errors import DatasetError, MissingExtraError, OutputError
from tests.support.fake_faces import save, texture, write_ckplus, write_ckplus48, write_ferplus


@pytest.fixture
def run(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    data.register(app)

    def invoke(*arguments):
        result = CliRunner().invoke(app, ["data", "inspect", *map(str, arguments)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def row(output, *cells):
    """The words of the one line that begins with the first cell and holds the others."""
    lines = [line for line in output.splitlines() if line.startswith(f"{cells[0]} ")]
    found = [line.split() for line in lines if all(cell in line for cell in cells)]
    assert len(found) == 1, output
    return found[0]


def test_counts_and_pictures(run, tmp_path):
    out = tmp_path / "out"
    result = run(f"ferplus:{write_ferplus(tmp_path / 'ferplus', 'folders')}", "--out", out)
    assert result.exit_code == 0
    assert row(result.output, "neutral") == ["neutral", "2", "1", "1", "4", "1"]
    assert row(result.output, "faces", "9") == ["faces", "4", "2", "3", "9", "9"]
    assert "image sizes: 48 x 48 px (9)" in result.output
    assert "subjects: unknown" in result.output
    assert "skipped: 1" in result.output
    assert sorted(path.name for path in out.iterdir()) == ["1-ferplus-classes.png", "1-ferplus-montage.png"]
    assert "official split as published: clean" in result.output


@pytest.mark.parametrize("name", ["1-ferplus-classes.png", "1-ferplus-montage.png"])
def test_pictures_of_others_are_kept_and_read_only_ones_always(run, tmp_path, name):
    out = tmp_path / "out"
    out.mkdir()
    words = [f"ferplus:{write_ferplus(tmp_path / 'ferplus', 'folders')}", "--out", out]
    (out / name).write_text("of someone else")
    with pytest.raises(OutputError) as caught:
        run(*words)
    remedy = "Use --overwrite to replace it, or use a different --out."
    assert str(caught.value) == f"{out / name}: nothing in it shows that ekspresi made it. {remedy}"
    assert [path.name for path in out.iterdir()] == [name] and (out / name).read_text() == "of someone else"
    assert run(*words, "--overwrite").exit_code == 0
    assert run(*words).exit_code == 0  # what ekspresi finished may be replaced
    (out / name).chmod(0o444)
    before = [(path.name, path.read_bytes()) for path in out.iterdir()]
    with pytest.raises(OutputError, match=rf"{name}: is read-only\. Make it writable, or use a different --out\."):
        run(*words, "--overwrite")
    assert [(path.name, path.read_bytes()) for path in out.iterdir()] == before


def test_inspect_leaking_split_is_shown_beside_a_clean_one(run, tmp_path):
    same = {100: 107}
    folder = write_ferplus(tmp_path / "ferplus", "folders", lambda seed: texture(same.get(seed, seed)))
    result = run(f"ferplus:{folder}", "--split", "official", "--out", tmp_path)
    assert row(result.output, "test", "train", "same picture, byte for byte")[7:9] == ["2", "66.7%"]
    assert (
        "official split as published leaks: of 2 of 3 test faces (66.7%) their picture is known in train"
        in result.output
    )
    # Both rows of that test face go, and so does the face of training.
    assert row(result.output, "faces", "6") == ["faces", "3", "2", "1", "6", "6"]
    assert "official, seed 0: clean" in result.output


def test_subject_folds_are_clean_and_random_images_leak(run, tmp_path):
    spec = f"ckplus48:{write_ckplus48(tmp_path / 'ck')}"
    result = run(spec, "--split", "subject-10fold", "--fold", 3, "--out", tmp_path)
    assert "subjects: 12, with 3 to 6 images each (median 6); 21 sequences" in result.output
    assert "subject-10fold, fold 3: clean" in result.output
    result = run(spec, "--split", "paper-split", "--out", tmp_path)
    assert "paper-split, seed 0 leaks" in result.output
    assert int(row(result.output, "test", "train", "same sequence")[4]) >= 5


def test_two_data_sets_are_compared(run, tmp_path):
    for name, seeds in (("one", (1, 2)), ("two [b]", (3, 2))):
        for label, seed in zip(("anger", "fear"), seeds, strict=True):
            save(texture(seed), tmp_path / name / label / f"{seed}.png")
    one, two = f"folder:{tmp_path / 'one'}", f"folder:{tmp_path / 'two [b]'}"
    result = run(one, two, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert result.output.count("has no official split") == 2
    assert result.output.count("fear/2.png") == 2
    assert f"leaks: of 1 of 2 {two} faces (50.0%) their picture is known in {one}" in result.output


def test_frames_of_ckplus_as_released(run, tmp_path):
    spec = f"ckplus:{write_ckplus(tmp_path / 'CK+')}?frames=2&neutral=yes"
    result = run(spec, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert f"{spec}: 9 faces" in result.output
    assert row(result.output, "neutral") == ["neutral", "3"]
    assert "subjects: 3, with 3 to 3 images each (median 3); 3 sequences" in result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "1-ckplus-classes.png",
        "1-ckplus-montage.png",
    ]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--split", "random"], DatasetError, "'random': unknown protocol"),
        (["--split", "subject-10fold", "--fold", "10"], DatasetError, "fold 10 does not exist"),
        (["--out", "file/below"], OutputError, "the folder cannot be made"),
        ([], MissingExtraError, r"ekspresi data inspect needs the extra \[eval\]"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_read(run, tmp_path, monkeypatch, arguments, error, message):
    monkeypatch.setattr("ekspresi.datasets.registry.read", lambda _: pytest.fail("must not read"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    if error is MissingExtraError:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(error, match=message):
        run("ferplus:x", *arguments)


def test_an_unknown_reader_is_an_error_of_the_user(run, tmp_path):
    with pytest.raises(DatasetError, match="unknown reader 'nosuch'"):
        run("nosuch:x", "--out", tmp_path)
