"""``docs/build.py``: which parts are written, from what, and where they go."""

import json
import subprocess

import pytest

import build
from tests.support.made_up_runs import MadeUpRuns

PARTS = {part.name: part for part in build.read_parts()}


@pytest.fixture
def pages(tmp_path):
    """A folder with the three pages, where each part is empty, and no runs."""
    for page in {part.page for part in PARTS.values()}:
        names = [part.name for part in PARTS.values() if part.page == page]
        target = tmp_path / page
        target.parent.mkdir(exist_ok=True)
        target.write_text("# Title\n\n" + "\n".join(f"{build.first_marker(n)}old {n}\n{build.END}\n" for n in names))
    return tmp_path


def write_program(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_command_part_shows_what_its_program_measured(pages):
    figures = {"repeats": 7, "command_s": 0.474, "imports_s": 0.1, "cpu": "Some CPU", "date": "2026-11-25"}
    sizes = {"installed_bytes": 251_400_000, "fresh_bytes": 22_340_000, "model_bytes": 16_100_000}
    write_program(pages, "benchmarks/command_cost.py", f"print({json.dumps({**figures, **sizes})!r})")
    build.main(["command"], pages)
    page = (pages / "docs/results.md").read_text()
    assert "new process each time, median of 7 | 0.47 s |" in page
    assert "| 251.4 MB, 22.3 MB of it before the installation" in page and "| bundled model file | 16.1 MB |" in page
    assert "Measured by `benchmarks/command_cost.py` on Some CPU, 2026-11-25." in page


def test_demo_part_shows_its_output_and_keeps_its_pictures(pages):
    write_program(
        pages,
        "tools/demo.py",
        f"""import os, pathlib
pathlib.Path("demo").mkdir()
for name in {build.DEMO_PICTURES!r}:
    pathlib.Path("demo", name).write_text(name)
print("$ ekspresi", os.getcwd() + "/examples", os.environ["COLUMNS"], "\\n\\n\\n\\nend")
""",
    )
    build.main(["demo"], pages)
    page = (pages / "README.md").read_text()
    assert "```text\n$ ekspresi examples 110 \n\n\n\nend\n```\n<!-- end -->" in page
    assert [(pages / "docs/pictures" / name).read_text() for name in build.DEMO_PICTURES] == list(build.DEMO_PICTURES)


def test_parts_without_files_are_kept(pages, capsys):
    MadeUpRuns(pages).write_speed()
    for program in ("tools/demo.py", "benchmarks/command_cost.py"):
        write_program(pages, program, "raise SystemExit(1)")
    with pytest.raises(subprocess.CalledProcessError):
        build.main([], pages)
    output = capsys.readouterr().out
    assert "written: speed\nwritten: int8\n" in output
    assert "kept: ferplus (no runs/bundled-on-ferplus/report.json)" in output
    page = (pages / "docs/results.md").read_text()
    assert "old ferplus" in page and "old speed" not in page and "## Speed of the recogni" in page


def test_named_part_without_its_files_stops_before_writing(pages, capsys):
    MadeUpRuns(pages).write_speed()
    with pytest.raises(SystemExit) as stopped:
        build.main(["speed", "card"], pages)
    assert stopped.value.code == 2
    message = (
        "card: runs/bundled-on-ferplus/report.json is missing, nothing was written. Run the commands that make it."
    )
    assert message in capsys.readouterr().err
    assert "old speed" in (pages / "docs/results.md").read_text()


def test_unknown_part_stops(pages, capsys):
    with pytest.raises(SystemExit) as stopped:
        build.main(["tables"], pages)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("tables: not a part. Name one of ferplus, ckplus, ")


def test_part_is_written_twice_alike(pages):
    MadeUpRuns(pages).write_speed()
    texts = []
    for _ in range(2):
        build.main(["speed"], pages)
        texts.append((pages / "docs/results.md").read_text())
    assert texts[0] == texts[1] and texts[0].count("## Speed") == 1
    assert "old cuts" in texts[0] and "old int8" in texts[0]


def test_part_that_is_not_partial_needs_every_file(tmp_path):
    MadeUpRuns(tmp_path).write_reports()
    part = PARTS["suites"]
    assert part.missing(tmp_path) is None
    (tmp_path / part.files["cctv"]).unlink()
    assert part.missing(tmp_path) == part.files["cctv"]


def test_tenth_part_of_a_training_follows_the_ninth(tmp_path):
    paths = [tmp_path / f"part-{number}" / "metrics.csv" for number in (10, 9, 1)]
    for path in paths:
        path.parent.mkdir()
        path.write_text(f"epoch,val_nll\n3,{path.parent.name}\n")
    found = build.load(build._paths(tmp_path, "part-*/metrics.csv"))
    assert [row["val_nll"] for row in found] == ["part-1", "part-9", "part-10"]


def test_new_part_is_placed_before_the_next_one():
    page = f"# Title\n\n{build.first_marker('c')}old\n{build.END}\n"
    placed = build.place(page, "a", "text", ["a", "b", "c"])
    assert (
        placed
        == f"# Title\n\n{build.first_marker('a')}text\n{build.END}\n\n{build.first_marker('c')}old\n{build.END}\n"
    )
    last = build.place(placed, "d", "more", ["a", "b", "c", "d"])
    assert last == f"{placed}\n{build.first_marker('d')}more\n{build.END}\n"


def test_part_without_a_place_is_refused():
    with pytest.raises(ValueError, match="no place for 'demo'"):
        build.place("# Title\n", "demo", "text", [])


def test_part_without_an_end_is_refused():
    page = f"{build.first_marker('a')}old\n\n{build.first_marker('b')}old\n{build.END}\n"
    with pytest.raises(ValueError, match="the part 'a' has no end"):
        build.place(page, "a", "text", ["a", "b"])
    with pytest.raises(ValueError, match="the part 'b' has no end"):
        build.place(build.first_marker("b"), "b", "text", [])


def test_error_of_a_page_names_it(pages):
    MadeUpRuns(pages).write_trainings()
    (pages / "docs/model-card.md").write_text("# No markers\n")
    with pytest.raises(SystemExit, match=r"docs/model-card\.md: no place for 'cost'"):
        build.main(["cost"], pages)


def test_unknown_key_of_a_section_is_refused(tmp_path):
    (tmp_path / "sections.toml").write_text('[[part]]\nname = "a"\ntemplate = "speed"\ncolor = "red"\n')
    with pytest.raises(TypeError, match="color"):
        build.read_parts(tmp_path / "sections.toml")
