"""What an attacker writes into packets, logs and file names is inert in every output.

That the HTML page also behaves when a browser opens it is tested beside the page itself; here its
source is looked at, and everything else that leaves the program.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from markdown_it import MarkdownIt

from analyzer.report.formats import FORMATS, SINGLE_FILES, render
from analyzer.result_file import read_result
from craft import hostile_inputs, results, run
from craft.hostile import HOSTILE, MARK
from craft.published import (
    ecs_errors,
    lines,
    ocsf_errors,
    sarif_errors,
    stix_errors,
    timesketch_errors,
)

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.result import Result

INCOMPLETE = 3
FORMULA = re.compile("(^|;)\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


class Run:
    """One run over the hostile inputs, and everything it said and wrote."""

    def __init__(self, folder: Path) -> None:
        paths, described = hostile_inputs.write(folder)
        self.folder = folder
        self.said: list[bytes] = []
        names = [path.relative_to(folder) for path in paths]
        done = run.command_line(
            "analyze", *names, "--log-map", described.name, "--log-year", "2026",
            "--format", "json", "-o", "result.json", "--case", "case.duckdb", cwd=folder,
        )  # fmt: skip
        assert done.returncode in (0, INCOMPLETE), done.stderr.decode(errors="replace")
        self.said += [done.stdout, done.stderr]
        for name, form in FORMATS.items():
            target = folder / f"out-{name}{'' if form.folder else form.suffix}"
            done = run.command_line(
                "convert", "result.json", "--to", name, "-o", target.name, cwd=folder
            )
            assert done.returncode == 0, done.stderr.decode(errors="replace")
            self.said += [done.stdout, done.stderr]
        self.result: Result = read_result(folder / "result.json")

    def text(self, name: str) -> str:
        """A single-file output."""
        path = self.folder / f"out-{name}{FORMATS[name].suffix}"
        return path.read_bytes().decode("utf-8")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("hostile"))


def strings(value: Any) -> list[str]:
    """Every string in plain data, keys too."""
    if isinstance(value, dict):
        return [text for pair in value.items() for each in pair for text in strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in strings(each)]
    return [value] if isinstance(value, str) else []


def test_the_strings_did_arrive(hostile: Run) -> None:
    """Else all of this would test nothing: they are in names, log fields and paths."""
    document = json.loads(hostile.text("json"))
    held = "\n".join(strings(document))
    for needle in (f"window.{MARK}=1", "cmd|", "onerror", "<svg", "named", "{{7*7}}"):
        assert needle in held, needle
    assert len(document["findings"]) > 50
    assert len(document["endpoints"]) > 100
    paths = [each["path"] for each in document["inputs"]]
    assert any("\u202e" in path for path in paths)
    assert any("\x1b" in path for path in paths)
    found = {each["process"] for f in document["findings"] for each in f["evidence"]}
    assert len(found) > 60


def test_nothing_that_a_terminal_obeys_is_printed(hostile: Run) -> None:
    for said in hostile.said:
        for line in said.decode("utf-8").split("\n"):
            assert line.isprintable(), repr(line)


def test_errors_print_nothing_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from analyzer.cli.main import run as acrtrace

    monkeypatch.chdir(tmp_path)
    words = [f"x{text}" for text in HOSTILE.values()]
    commands = [["analyze", *words, "-o", "r.json"]]
    for word in words:
        commands += [
            ["convert", word, "--to", "csv"],
            ["convert", word, "--to", word],
            ["analyze", "x.pcap", "-o", f"{word}.docx"],
            ["analyze", "x.pcap", f"--{word}"],
            ["query", word, "SELECT 1"],
            ["carve", word, "--finding", word],
            ["rule", word],
            ["endpoints", "explain", word],
            [word],
        ]
    for command in commands:
        acrtrace(command)
        shown = capsys.readouterr()
        assert shown.out + shown.err
        for line in (shown.out + shown.err).split("\n"):
            assert line.isprintable(), (command[:1], repr(line)[:300])


def test_tables_of_a_query_are_inert(hostile: Run) -> None:
    for sql in ("FROM names SELECT name", "FROM inputs SELECT path", "FROM flows SELECT process"):
        for form in ("table", "csv"):
            done = run.command_line(
                "query", "case.duckdb", sql, "--format", form, cwd=hostile.folder
            )
            shown = done.stdout.decode("utf-8")
            assert done.returncode == 0, done.stderr
            assert all(line.isprintable() for line in shown.split("\n"))
            if form == "csv":
                rows = list(csv.reader(io.StringIO(shown), strict=True))
                assert len(rows) > 10
                assert not [cell for row in rows for cell in row if FORMULA.search(cell)]


def test_csv_is_read_back_and_holds_no_formula(hostile: Run) -> None:
    for path in (hostile.folder / "out-csv").iterdir():
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
        heads = rows[0]
        for row in rows[1:]:
            assert len(row) == len(heads)
            for name, cell in zip(heads, row, strict=True):
                assert name == "pcr" or FORMULA.search(cell) is None
                assert cell.isprintable()
    with (hostile.folder / "out-csv" / "findings.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(hostile.result.findings)


def test_parquet_has_the_same_rows(hostile: Run) -> None:
    with duckdb.connect() as connection:
        path = str(hostile.folder / "out-parquet" / "findings.parquet")
        cursor = connection.execute("SELECT id, explanation FROM read_parquet($p)", {"p": path})
        stated = [(finding.id, finding.explanation) for finding in hostile.result.findings]
        assert cursor.fetchall() == stated


class Page(HTMLParser):
    """Elements, attributes and comments of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def test_the_page_has_no_element_or_attribute_of_theirs(hostile: Run) -> None:
    page, calm = Page(hostile.text("html")), Page(render(results.realistic(), "html"))
    for tag in ("script", "style", "link", "meta", "base", "form", "title"):
        assert page.elements[tag] == calm.elements[tag], tag
    foreign = {"img", "iframe", "object", "embed", "audio", "video", "textarea", "template"}
    assert foreign & set(page.elements) <= foreign & set(calm.elements)
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in ("href", "src", "action", "xlink:href", "formaction"):
            assert value.startswith(("#", "https://attack.mitre.org/")), (tag, name, value)
    assert not [comment for comment in page.comments if MARK in comment]


def test_the_page_shows_no_control_or_direction_characters(hostile: Run) -> None:
    for character in set(hostile.text("html")):
        assert character.isprintable() or character == "\n", repr(character)


def test_markdown_is_text(hostile: Run) -> None:
    text = hostile.text("markdown")
    kinds = set()
    for token in MarkdownIt("gfm-like", {"html": True}).parse(text):
        kinds |= {each.type for each in (token, *(token.children or []))}
    forbidden = {"html_inline", "html_block", "link_open", "image", "fence", "code_block", "hr"}
    assert not kinds & (forbidden | {"s_open", "em_open", "strong_open", "ordered_list_open"})
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text) < 65_536


def test_json_outputs_are_read_back(hostile: Run) -> None:
    findings = json.loads(hostile.text("json"))["findings"]
    assert lines(hostile.text("jsonl")) == findings
    for name in set(SINGLE_FILES) - {"html", "markdown"}:
        text = hostile.text(name)
        assert text.isascii()
        assert text.replace("\n", "").isprintable()
    assert json.loads((hostile.folder / "result.json").read_text()) == json.loads(
        hostile.text("json")
    )


def test_what_others_published_still_fits(hostile: Run) -> None:
    assert sarif_errors(hostile.text("sarif")) == []
    assert stix_errors(hostile.text("stix")) == []
    for name, errors in (
        ("ecs", ecs_errors),
        ("ocsf", ocsf_errors),
        ("timesketch", timesketch_errors),
    ):
        documents = lines(hostile.text(name))
        assert len(documents) > 50
        for document in documents:
            assert errors(document) == [], name
