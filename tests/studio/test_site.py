"""The files of the page, its headers, and its export."""

import json
from pathlib import Path

import pytest

from ekspresi.errors import OutputError
from ekspresi.studio.site import HEADERS, RECORD, SITE, Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = tmp_path / "static"
    (folder / "js").mkdir(parents=True)
    (folder / "index.html").write_text("<title>studio</title>")
    (folder / "js" / "page.js").write_text("export {};")
    (folder / "notes.py").write_text("not part of the page")
    return Site(folder)


def test_files_maps_addresses_to_files_and_types(site: Site) -> None:
    assert {path: file.content_type for path, file in site.files().items()} == {
        "/": "text/html; charset=utf-8",
        "/index.html": "text/html; charset=utf-8",
        "/js/page.js": "text/javascript; charset=utf-8",
    }
    assert site.files()["/"].read() == b"<title>studio</title>"


def test_files_includes_the_runtime_and_its_licenses() -> None:
    names = {"ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.mjs", "ort.wasm.min.mjs"}
    names |= {"LICENSE.txt", "ThirdPartyNotices.txt"}
    files = SITE.files()
    assert {f"/ort/{name}" for name in names} <= files.keys()
    assert files["/ort/ort-wasm-simd-threaded.wasm"].content_type == "application/wasm"  # or it is compiled slowly
    assert b"Permission is hereby granted, free of charge" in files["/ort/LICENSE.txt"].read()


def test_headers_allow_no_other_origin() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy.pop("default-src") == "'none'"
    sources = {source for value in policy.values() for source in value.split()}
    assert sources == {"'self'", "'none'", "blob:", "'wasm-unsafe-eval'"}
    assert "blob:" not in policy["script-src"] + policy["connect-src"] + policy["worker-src"]


def test_export_writes_all_files_and_the_headers(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "out"
    written = site.export(folder)
    assert [path.relative_to(folder).as_posix() for path in written] == ["_headers", "index.html", "js/page.js"]
    assert (folder / "js" / "page.js").read_text() == "export {};"
    lines = (folder / "_headers").read_text().splitlines()
    assert lines[0] == "/*"
    assert dict(line.strip().split(": ", 1) for line in lines[1:]) == dict(HEADERS)


def test_export_again_replaces_and_removes_its_own(site: Site, tmp_path: Path) -> None:
    site.export(tmp_path / "out")
    (site.folder / "index.html").write_text("<title>newer</title>")
    (site.folder / "js" / "page.js").unlink()
    site.export(tmp_path / "out")
    assert (tmp_path / "out" / "index.html").read_text() == "<title>newer</title>"
    assert not (tmp_path / "out" / "js" / "page.js").exists()


def test_export_foreign_file_writes_nothing(site: Site, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("my own page")
    with pytest.raises(OutputError, match=r"index\.html: was not written by 'ekspresi studio'.*--export\.$"):
        site.export(tmp_path)
    assert (tmp_path / "index.html").read_text() == "my own page"
    assert not (tmp_path / RECORD).exists()
    assert not (tmp_path / "js").exists()


def test_export_changed_file_is_kept(site: Site, tmp_path: Path) -> None:
    site.export(tmp_path / "out")
    (tmp_path / "out" / "index.html").write_text("translated by hand")
    (site.folder / "index.html").write_text("<title>newer</title>")
    with pytest.raises(OutputError, match="changed since"):
        site.export(tmp_path / "out")
    (site.folder / "index.html").unlink()
    site.export(tmp_path / "out")  # no longer part of the page, but not ours any more
    assert (tmp_path / "out" / "index.html").read_text() == "translated by hand"


def test_export_ignores_a_record_that_points_outside(site: Site, tmp_path: Path) -> None:
    folder, precious = tmp_path / "out", tmp_path / "precious.txt"
    precious.write_text("keep")
    site.export(folder)
    record = json.loads((folder / RECORD).read_text())
    digest = "6ca7ea2feefc88ecb5ed6356ed963f47dc9137f82526fdd25d618ea626d0803f"  # SHA-256 of 'keep'
    record["files"].update({"../precious.txt": digest, str(precious): digest})
    (folder / RECORD).write_text(json.dumps(record))
    site.export(folder)
    assert precious.exists()


def test_export_to_a_file_names_the_fix(site: Site, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match=r"out.*Write to a different folder\."):
        site.export(tmp_path / "out")
