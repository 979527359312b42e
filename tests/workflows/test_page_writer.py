from pathlib import Path

import pytest

from ekspresi.errors import MissingExtraError, OutputError
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.summaries.builder import SummaryBuilder
from ekspresi.tables.checkpoint import Position
from ekspresi.workflows.options import DRAWN, UNSUPPORTED, PredictOptions, PredictResult, UnreadSource
from ekspresi.workflows.page_writer import (
    LISTED_FAILURES,
    check_page_target,
    describe_earlier,
    describe_unread,
    write_run_page,
)


def result_of(**fields: object) -> PredictResult:
    return PredictResult(sources=5, summary=SummaryBuilder(anonymize=False).build(), **fields)  # type: ignore[arg-type]


def test_describe_earlier_fresh_run_is_empty() -> None:
    assert describe_earlier(PredictResult(sources=2), PredictOptions(out=Path("rows.csv"))) == ""


def test_describe_earlier_names_sources_and_the_table() -> None:
    options = PredictOptions(out=Path("rows.csv"), annotate=Path("drawn"))
    result = PredictResult(done=1)
    assert describe_earlier(result, options) == "1 source was finished by an earlier run; its rows are in rows.csv."
    result.resumed = [Position("in/a\n.mp4", 1, 120, False, 2, 65.0)]
    expected = "1 source and a<0a>.mp4 up to 1:05 were finished by an earlier run; their rows are in rows.csv."
    assert describe_earlier(result, options) == expected


def test_describe_earlier_without_table_names_the_folder() -> None:
    sentence = describe_earlier(PredictResult(done=3), PredictOptions(annotate=Path("drawn")))
    assert sentence == "3 sources were finished by an earlier run; their pictures are in drawn."


def test_describe_unread_counts_kinds_and_names_the_first() -> None:
    unread = [UnreadSource(f"in/{number}.{kind}", UNSUPPORTED) for kind in ("CR2", "jxl") for number in range(4)]
    unread += [UnreadSource("in/a-annotated.png", DRAWN), UnreadSource("in/caf\udce9.png", "is empty.")]
    first = "in/0.CR2, in/1.CR2, in/2.CR2, in/3.CR2, in/0.jxl and 3 more"
    assert describe_unread(unread) == [
        f"Not read: 8 files of kinds that ekspresi cannot read (4 .cr2, 4 .jxl): {first}. "
        "Convert them to JPEG, PNG or MP4.",
        "Not read: 1 file that ekspresi drew: in/a-annotated.png.",
        "Not read: 1 source with an error: in/caf<e9>.png.",
    ]
    assert describe_unread([]) == []


def test_write_run_page_names_what_was_not_read(tiny_model: Path, tmp_path: Path) -> None:
    failed = [UnreadSource(f"in/{number}.png", "is empty.") for number in range(LISTED_FAILURES + 9)]
    result = result_of(sources_read=1, done=2, unread=[*failed, UnreadSource("in/a.cr2", UNSUPPORTED)])
    options = PredictOptions(page=tmp_path / "x.html", out=tmp_path / "x.csv")
    write_run_page(result, options, Recognizer(tiny_model), ["in"])
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    section = page[page.index("<h2>Not on this page</h2>") :]
    assert "This page covers only the rest of a run: 2 sources were finished" in section
    assert "in/a.cr2" in section and f"{len(failed)} sources with an error" in section
    assert section.count(".png: is empty.") == LISTED_FAILURES
    write_run_page(result_of(sources_read=1), options, Recognizer(tiny_model), ["in"])
    assert "Not on this page" not in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_check_page_target_leaves_no_file(tmp_path: Path) -> None:
    check_page_target(tmp_path / "x.HTM")
    assert list(tmp_path.iterdir()) == []


def test_check_page_target_refuses_what_cannot_be_a_page(tmp_path: Path) -> None:
    (tmp_path / "foreign.html").write_text("of someone else")
    for name, problem in (
        ("x.pdf", "is not the name of a page. Let it end in .html or .htm."),
        ("", "is a folder. Give --page a file name."),
        ("nowhere/x.html", "Make it first."),
        ("foreign.html", "Use --overwrite to replace it"),
    ):
        with pytest.raises(OutputError) as caught:
            check_page_target(tmp_path / name)
        assert problem in str(caught.value)
    check_page_target(tmp_path / "foreign.html", overwrite=True)


def test_check_page_target_needs_jinja2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ekspresi.workflows.page_writer.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"needs the extra \[video\]"):
        check_page_target(tmp_path / "x.html")


@pytest.mark.parametrize(("command", "shown"), [((), "predict in.png"), (("ekspresi", "serve"), "ekspresi serve")])
def test_write_run_page_shows_the_command(
    command: tuple[str, ...], shown: str, tiny_model: Path, tmp_path: Path
) -> None:
    options, result = PredictOptions(page=tmp_path / "x.html", command=command), result_of(sources_read=1)
    write_run_page(result, options, Recognizer(tiny_model), ["in.png"])
    assert result.written == [tmp_path / "x.html"]
    assert shown in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_write_run_page_nothing_read_writes_no_page(tiny_model: Path, tmp_path: Path) -> None:
    options, result = PredictOptions(page=tmp_path / "x.html"), result_of(done=5)
    write_run_page(result, options, Recognizer(tiny_model), ["in.png"])
    assert result.written == [] and not (tmp_path / "x.html").exists()
