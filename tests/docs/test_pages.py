"""What the pages show: commands, options, examples, links and make targets that exist and work."""

import re
import shlex
import shutil
import tomllib
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image
from typer import Context
from typer.main import get_command

from build import ROOT
from ekspresi.cli import app
from tests.support.clips import write_still

PAGES = sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/*.md")) + [ROOT / "examples/README.md"]
README = ROOT / "README.md"
FLAGS = "FLAGS"
"""Placeholder in the docs' commands for the flags of a table."""
OTHER_FLAGS = {
    "--crops",
    "--even-prior",
    "--ends",
    "--fit",
    "--python",
    "--resolution",
    "--stop-timeout",
    "--dist",
    "--doctest-modules",
    "--help",
}
"""Flags of tools and other programs, and hidden ones that the changelog names."""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def shell_lines(page: Path) -> list[list[str]]:
    """Words of each command of the shell blocks, without comments."""
    lines = "".join(blocks(page, "sh")).replace("\\\n", "").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def commands() -> list[str]:
    found = {shlex.join(words[1:]) for page in PAGES for words in shell_lines(page) if words[0] == "ekspresi"}
    return sorted(found)


def parse(words: list[str]) -> dict[str, object]:
    """Parse the arguments of ``ekspresi`` without running a command; return the values of its parameters."""
    parsed: dict[str, object] = {}

    group = get_command(app)
    for command in leaves(group):
        command.invoke = lambda context: parsed.update(context.params)
    group.main(words, standalone_mode=False)
    return parsed


def leaves(command):
    """List the commands without subcommands."""
    if not hasattr(command, "commands"):
        return [command]
    return [leaf for child in command.commands.values() for leaf in leaves(child)]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A current folder with the files that the README's commands and examples name."""
    shutil.copy(ROOT / "examples/astronaut.jpg", tmp_path / "photo.jpg")
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("line", commands())
def test_command_of_pages_parses(line, desk):
    assert parse([word for word in shlex.split(line) if word != FLAGS])


def test_parse_unknown_flag_is_refused(desk):
    with pytest.raises(Exception, match="--even-priors"):
        parse(["predict", "photo.jpg", "--even-priors"])


@pytest.mark.parametrize("name", names(PAGES))
def test_flags_in_text_exist(name):
    text = re.sub(r"^```.*?^```$", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    in_code = "\n".join(re.findall(r"`([^`\n]+)`", text))
    flags = {flag for flag in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", in_code) if flag not in OTHER_FLAGS}
    assert flags - known_flags() == set()


def known_flags() -> set[str]:
    group = get_command(app)
    parameters = [each for command in (group, *leaves(group)) for each in command.get_params(Context(command))]
    return {flag for each in parameters for flag in (*each.opts, *each.secondary_opts)}


@pytest.mark.parametrize("number", range(len(blocks(README, "python"))))
def test_python_example_of_readme_runs(number, desk, capsys):
    with Image.open(desk / "photo.jpg") as photo:
        write_still(desk / "corridor.mp4", np.asarray(photo.convert("RGB").resize((256, 256))))
    exec(compile(blocks(README, "python")[number], f"README.md, example {number}", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) >= 3


def test_readme_shows_python():
    assert len(blocks(README, "python")) >= 2


@pytest.mark.parametrize("name", names(PAGES))
def test_make_targets_of_pages_exist(name):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    text = (ROOT / name).read_text(encoding="utf-8")
    asked = set(re.findall(r"`make ([a-z-]+)", text)) | {
        words[1] for words in shell_lines(ROOT / name) if words[0] == "make" and words[1][0] != "."
    }
    assert asked - targets == set()


@pytest.mark.parametrize("name", names(PAGES))
def test_extras_of_pages_exist(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = set(re.findall(r"'\.\[(\w+)\]'", (ROOT / name).read_text(encoding="utf-8")))
    assert asked - set(project["optional-dependencies"]) == set()


@pytest.mark.parametrize("name", names(PAGES))
def test_links_of_pages_lead_somewhere(name):
    page = ROOT / name
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = unquote(link).partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    """Anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_design_tree_names_only_existing_modules():
    text = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    tree = text.partition("    src/ekspresi/\n")[2].partition("    configs/")[0]
    named = set(re.findall(r"\w+\.(?:py|css)\b", tree))
    existing = {path.name for path in (ROOT / "src/ekspresi").rglob("*.*")}
    assert named and named - existing == set()


def test_design_tree_names_every_room():
    text = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    tree = text.partition("    src/ekspresi/\n")[2].partition("    configs/")[0]
    rooms = {path.parent.name for path in (ROOT / "src/ekspresi").glob("*/__init__.py")}
    assert rooms - set(re.findall(r"^ {6}(\w+)/", tree, re.MULTILINE)) == set()
