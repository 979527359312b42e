"""The page of a run: complete, closed to the network, readable without colors."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ekspresi import __version__
from ekspresi.errors import MissingExtraError, OutputError
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.summaries.builder import DETAILED, TRACKS, SummaryBuilder
from ekspresi.summaries.face_samples import SAMPLED
from ekspresi.summaries.html_report import LISTED, PageProvenance, describe_run, make_page_provenance, write_page
from ekspresi.visualization.palette import COLORS
from tests.support.page_tags import Tags
from tests.support.results import LABELS, belief, seen

MADE = PageProvenance("ekspresi predict '<b>.mp4'", "tiny", "ab" * 32, "0.1.0", "2025-01-01T00:00:00+00:00")
SOURCE = "/films/<b>bold & co.mp4"


def page_of(builder: SummaryBuilder, folder: Path) -> tuple[str, Tags, str]:
    """Write the page; return it, its tags, and its text in single blanks."""
    write_page(builder.build(), MADE, folder / "page.html")
    page = (folder / "page.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    assert tags.stack == []
    return page, tags, " ".join(" ".join(tags.text).split())


def three_tracks(anonymize: bool = False) -> SummaryBuilder:
    builder = SummaryBuilder(anonymize=anonymize)
    for number in range(200):
        faces = [
            belief("happiness" if number < 100 else "surprise", 0.8, abstained=150 <= number < 170),
            belief("neutral", 0.9),
        ]
        faces += [belief("neutral", 0.5, abstained=True)] * (number < 20)
        builder.add(seen(faces, number / 25, source=SOURCE))
    return builder


def test_write_page_loads_nothing_and_escapes_names(tmp_path: Path) -> None:
    page, tags, _ = page_of(three_tracks(), tmp_path)
    names = [name for name, _ in tags.tags]
    assert not {"script", "link", "iframe", "object", "b", "a"} & set(names)
    for name, attributes in tags.tags:
        for key, value in attributes.items():
            if key in ("src", "href"):
                assert value.startswith(("data:image/png;base64,", "data:image/jpeg;base64,")), (name, key)
            assert not key.startswith("on")
    assert "http" not in page.replace("http-equiv", "")
    policy = next(attributes["content"] for name, attributes in tags.tags if attributes.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert "prefers-color-scheme: dark" in page and "width=device-width" in page
    assert "&lt;b&gt;bold &amp; co.mp4" in page


def test_write_page_states_figures_in_words(tmp_path: Path) -> None:
    _, _, text = page_of(three_tracks(), tmp_path)
    total, unsure = 200 + 200 + 20, 20 + 20
    share = f"{100 * unsure / total:.0f} %"
    assert (
        f"3 tracks; {share} of the face time was too small or too unclear to answer. Of the rest, 53 % was neutral"
        in text
    )
    assert "200 frames from 0:00 to 0:08, 64 × 48 px" in text
    assert "420 detections, 17 s of face time" in text
    for words in ("#1 most often happiness", "#2 neutral", "#3 unsure throughout"):
        assert words in text
    assert "It is not a feeling" in text and "AI Act" in text and "not a person" in text
    for fact in (MADE.command, MADE.model_sha256, "ekspresi 0.1.0", MADE.date):
        assert fact in text


def test_write_page_names_what_colors_show(tmp_path: Path) -> None:
    page, tags, text = page_of(three_tracks(), tmp_path)
    assert sum(name == "svg" for name, _ in tags.tags) == 3
    labels = [
        attributes["aria-label"].replace("\xa0", " ") for _, attributes in tags.tags if attributes.get("role") == "img"
    ]
    assert labels[0].startswith("Track 1 from 0:00 to 0:08: happiness 50 %, surprise 40 %")
    assert all(label.endswith(" of its time") for label in labels)
    assert all(f"<title>{label}</title>" in page for label in LABELS)
    table = text[text.index("As a table") :]
    assert "0:00.0 0:04.0 happiness 80 % 0:04.0 0:06.0 surprise 80 %" in table
    assert "unsure; perhaps surprise" in table
    for label in LABELS:
        assert COLORS[label] in page
    legend = page[page.index('class="legend"') :].split("</ul>")[0]
    assert [label for label in (*LABELS, "unsure") if label in legend] == [*LABELS, "unsure"]


def test_write_page_anonymized_has_no_views(tmp_path: Path) -> None:
    _, tags, text = page_of(three_tracks(), tmp_path)
    assert sum(name == "img" for name, _ in tags.tags) == 3
    assert "Faces were hidden" not in text
    _, tags, text = page_of(three_tracks(anonymize=True), tmp_path)
    assert sum(name == "img" for name, _ in tags.tags) == 0
    assert "Faces are hidden in pictures and films, so this page shows none" in text


def pictures(number: int, side: int = 96, *, anonymize: bool = False) -> SummaryBuilder:
    builder = SummaryBuilder(anonymize=anonymize)
    rng = np.random.default_rng(0)
    for k in range(number):
        image = np.clip(rng.normal(128, 20, (side, side, 3)).cumsum(axis=0) % 256, 0, 255).astype(np.uint8)
        one = belief(LABELS[k % 2], 0.9, face_px=60.0, abstained=k % 3 == 0)
        builder.add(seen([one], None, source=f"/pictures/<{k}>.png", image=image))
    return builder


def test_write_page_of_pictures_shows_faces_by_answer(tmp_path: Path) -> None:
    page, tags, text = page_of(pictures(12), tmp_path)
    assert sum(name == "img" for name, _ in tags.tags) == 12
    assert "neutral 4 faces" in text and "happiness 4 faces" in text and "unsure 4 faces" in text
    assert text.count("60 px, effective 16") == 12 and "perhaps happiness 90%" in text
    links = [attributes["href"] for name, attributes in tags.tags if name == "a"]
    ids = {attributes.get("id") for _, attributes in tags.tags}
    assert links and all(link.startswith("#") and link[1:] in ids for link in links), "within the page only"
    spoken = [attributes for name, attributes in tags.tags if attributes.get("role") == "img"]
    assert len(spoken) == 12 and all("90%" in attributes["aria-label"] for attributes in spoken)
    assert "A track is" not in text and "script" not in {name for name, _ in tags.tags}
    assert "&lt;3&gt;.png" in page and "<3>" not in page


def test_write_page_of_many_pictures_is_bounded(tmp_path: Path) -> None:
    builder = pictures(3000)
    page, tags, text = page_of(builder, tmp_path)
    assert 150 < sum(name == "img" for name, _ in tags.tags) <= SAMPLED
    assert "of them here, evenly spread over the pictures" in text and "3 000 faces in 3 000 pictures" in text.replace(
        "\u202f", " "
    )
    assert len(page) < 6_000_000


def test_write_page_anonymized_has_no_pixels_of_faces(tmp_path: Path) -> None:
    page, tags, text = page_of(pictures(12, anonymize=True), tmp_path)
    assert "data:image" not in page and not any(name == "img" for name, _ in tags.tags)
    assert text.count("60 px, effective 16") == 12 and "this page shows none" in text


def test_write_page_of_many_tracks_plots_the_longest(tmp_path: Path) -> None:
    builder = SummaryBuilder()
    crowd = TRACKS + 40
    for number in range(20):
        builder.add(seen([belief()] * crowd, number / 10, tracks=range(crowd)))
    page, tags, text = page_of(builder, tmp_path)
    assert sum(name == "svg" for name, _ in tags.tags) == DETAILED
    assert f"The {DETAILED} tracks with the most face time are plotted above;" in text
    assert f"only this table lists the other {TRACKS - DETAILED} tracks." in text
    assert re.search(r"40 shorter tracks, .* of face time, are counted but not listed", text)
    assert text.count("happiness 100 %") > TRACKS
    assert len(page) < 1_000_000


def test_write_page_cuts_the_table_of_a_flickering_track(tmp_path: Path) -> None:
    builder = SummaryBuilder()
    for number in range(2 * (LISTED + 10)):
        builder.add(seen([belief(LABELS[number % 2], 0.6)], number / 2))
    _, _, text = page_of(builder, tmp_path)
    assert re.search(r"\d+ more in the plot\.", text)


def test_write_page_lists_several_sources(tmp_path: Path) -> None:
    builder = three_tracks()
    builder.add(seen([], 0.0, source="empty.mp4"))
    builder.add(seen([belief(), belief(abstained=True)], None, source="/pictures/1.png"))
    builder.add(seen([], None, source="/pictures/2.png"))
    _, _, text = page_of(builder, tmp_path)
    assert "2 videos and 2 pictures" in text
    assert "3 tracks in 2 videos and 2 faces in 2 pictures; 10 % of the face time and 50 % of the faces" in text
    assert "No face was found." in text
    assert "/pictures/1.png 64 × 48 2 1 happiness, 1 unsure" in text


def test_describe_run_without_faces_says_so(tmp_path: Path) -> None:
    builder = SummaryBuilder()
    assert describe_run(builder.build()) == "No picture or video was analyzed."
    page_of(builder, tmp_path)
    builder.add(seen([], None, source="1.png"))
    assert describe_run(builder.build()) == "0 faces in 1 picture: no face was found."


def test_write_page_escapes_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    builder = SummaryBuilder()
    builder.add(seen([belief()], 0.0, source="/films/\udcff\udcfe.mp4"))
    page, _, _ = page_of(builder, tmp_path)
    assert "<h1>&lt;ff&gt;&lt;fe&gt;.mp4</h1>" in page and "/films/&lt;ff&gt;&lt;fe&gt;.mp4" in page


def test_write_page_colors_unknown_labels(tmp_path: Path) -> None:
    builder = SummaryBuilder()
    one = belief()
    one.probabilities["boredom"] = 0.0
    builder.add(seen([one], 0.0))
    page, _, _ = page_of(builder, tmp_path)
    assert "#868E98" in page


def test_make_page_provenance_records_model_and_command(tiny_model: Path) -> None:
    provenance = make_page_provenance(Recognizer(tiny_model), ["ekspresi", "predict", "my film.mp4"])
    assert (provenance.command, provenance.model, provenance.version) == (
        "ekspresi predict 'my film.mp4'",
        "tiny",
        __version__,
    )
    assert re.fullmatch(r"[0-9a-f]{64}", provenance.model_sha256)


@pytest.mark.parametrize(
    "camera", ["rtsp://ann:s3cret@door/live", "rtsp:/ann:s3cret@door/live", "ann:s3cret@door/live"]
)
def test_make_page_provenance_removes_passwords(camera: str, tiny_model: Path) -> None:
    provenance = make_page_provenance(
        Recognizer(tiny_model), ["ekspresi", "predict", camera, "--page", "C:/a@b/page.html"]
    )
    assert "s3cret" not in provenance.command and "ann" not in provenance.command
    assert provenance.command.endswith("door/live' --page C:/a@b/page.html")


def test_write_page_to_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write_page(SummaryBuilder().build(), MADE, tmp_path / "nowhere" / "page.html")


def test_write_page_needs_neither_matplotlib_nor_sklearn(tmp_path: Path) -> None:
    code = f"""
import sys
for name in ("matplotlib", "sklearn", "scipy.stats", "torch"):
    sys.modules[name] = None
from ekspresi.summaries.html_report import PageProvenance, write_page
from ekspresi.summaries.builder import SummaryBuilder
write_page(SummaryBuilder().build(), PageProvenance("", "", "", "", ""), {str(tmp_path / "page.html")!r})
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "page.html").exists()


def test_write_page_without_jinja2_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.delitem(sys.modules, "ekspresi.visualization.html_pages", raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install 'ekspresi\[video\]'"):
        write_page(SummaryBuilder().build(), MADE, tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_write_page_has_readable_letters_on_colors(tmp_path: Path) -> None:
    page, _, _ = page_of(three_tracks(), tmp_path)
    for ground, ink in re.findall(r"background: (#\w{6}); color: (#\w{6})", page):
        light, dark = sorted(map(_luminance, (ground, ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def _luminance(color: str) -> float:
    channels = np.array([int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_write_page_of_a_mostly_unsure_track_leads_with_unsure(tmp_path: Path) -> None:
    builder = SummaryBuilder()
    for number in range(40):
        builder.add(seen([belief(abstained=number % 4 > 0)], number / 10))
    builder.add(seen([belief(abstained=True)] * 3 + [belief()], None, source="a.png"))
    _, _, text = page_of(builder, tmp_path)
    assert "#1 mostly unsure, then happiness" in text
    assert "px · unsure 76 %, happiness 24 % of its time" in text
    assert "Answers unsure 76 %, happiness 24 % of the face time" in text
    assert "4 3 unsure, 1 happiness" in text
