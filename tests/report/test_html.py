from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analyzer.report.html import render_html
from analyzer.report.page import (
    CARDS,
    EVIDENCE_ROWS,
    FEWER_ROWS,
    FULL_CARDS,
    OVERVIEW_ROWS,
    TABLE_ROWS,
)
from analyzer.report.visible import visible
from analyzer.result import InventoryInfo
from craft import results
from craft.footing import SMALL_REPORT, imports_seconds

if TYPE_CHECKING:
    from analyzer.result import Result

VOID = {"meta", "wbr", "br", "input"}


class Document(HTMLParser):
    """Tags, attributes, ids and text of a page; fails on tags that do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.pieces: list[str] = []
        self.feed(text)
        self.close()
        assert self.stack == []
        self.text = re.sub(r"\s+", " ", "".join(self.pieces))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] not in ("style", "script"):
            self.pieces.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def page() -> str:
    return render_html(results.realistic())


def test_same_result_same_bytes(page: str) -> None:
    assert render_html(results.realistic()) == page


def test_verdict_is_the_first_heading(page: str) -> None:
    first = re.search(r"<h[1-6][^>]*>(.*?)</h", page)
    assert first is not None
    assert first[0].startswith("<h1")
    assert first[1] == "suspected upload"
    assert page.count("<h1") == 1


def test_headings_never_skip_a_level(page: str) -> None:
    levels = [int(tag[1]) for tag, _ in Document(page).tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


def test_streams_stand_in_order_and_apart(page: str) -> None:
    places = [page.index(f'<h2 id="{name}">') for name in ("exfiltration", "readiness", "hygiene")]
    assert places == sorted(places)
    assert places[0] < page.index('id="finding-ex-7c1f0a92d4"') < places[1]
    assert places[1] < page.index('id="finding-rd-5510fe2b71"') < places[2]


def test_a_finding_shows_all_that_defends_it(page: str) -> None:
    text = Document(page).text
    for wanted in (
        "5,243,112 B ± 3,104 B",
        "5,262,801 B",
        "a lower bound: the capture has holes here",
        "confidence high",
        "base: upload to foreign storage",
        "also EX006",
        "(SNI, or as a device logged it) and DNS gave the same client this address",
        "upload turns of 1 MiB or more",
        "not declared as ours or approved",
        "cloud storage that belongs to whoever created the account",
        "18,204 – 22,877",
        "ip.addr==10.20.1.14 && tcp.port==52114",
        "tshark -r build-agents.pcapng",
        "1:kJ8dmVtVdGmf3lHqZ8q3vY7fEGo=",
        "announced as fabrikam[.]azurecr[.]io",
        "The account is ours: pass --own storage:stagingdrop17.",
        "+0.998",
        "blz21prdstr09a",
    ):
        assert wanted in text, wanted


def test_the_rest_of_the_document_is_there(page: str) -> None:
    text = Document(page).text
    for wanted in (
        "2 QUIC flows hide their name",
        "9f2c4b7a51d08e63" * 4,
        "acr:fabrikam",
        "IPv4 fragment with offset 1480",
        "upload turn always bytes",
        "2026-11-23 4be1c09d",
        "acrtrace analyze build-agents.pcapng --inventory acr.json",
        "Incomplete: late.pcap",
        "Without decryption the account inside the connection is not proven.",
    ):
        assert wanted in text, wanted


def test_unknown_is_never_zero(page: str) -> None:
    rows = re.findall(r"<tr>.*?</tr>", page, re.S)
    bare = next(row for row in rows if "no name<" in row and "198.<wbr>51.<wbr>100.<wbr>9" in row)
    assert bare.count("unknown") >= 4
    assert ">0 B<" not in bare


def test_attack_ids_link_to_their_pages_and_nothing_else_leaves(page: str) -> None:
    links = [a["href"] or "" for a in Document(page).named("a")]
    outside = {link for link in links if not link.startswith("#")}
    assert "https://attack.mitre.org/techniques/T1567/002/" in outside
    assert all(link.startswith("https://attack.mitre.org/techniques/T") for link in outside)


@pytest.mark.parametrize("result", [results.realistic(), results.crowded(300, 300)])
def test_fragments_lead_somewhere(result: Result) -> None:
    document = Document(render_html(result))
    ids = [a["id"] for _, a in document.tags if "id" in a]
    assert len(ids) == len(set(ids))
    for link in document.named("a"):
        target = (link["href"] or "").removeprefix("#")
        assert target in ids or target.startswith("https://")
    for _, attributes in document.tags:
        for name in (attributes.get("aria-labelledby") or "").split():
            assert name in ids


def test_policy_names_exactly_the_inline_blocks(page: str) -> None:
    policy = next(
        a["content"] or ""
        for a in Document(page).named("meta")
        if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        blocks = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.S)
        assert len(blocks) == 1
        digest = base64.b64encode(hashlib.sha256(blocks[0].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy
    assert page.index("Content-Security-Policy") < page.index("<style>")
    assert "\r" not in page


def test_nothing_is_loaded_and_nothing_needs_unsafe_inline(page: str) -> None:
    document = Document(page)
    loading = {"link", "img", "iframe", "object", "embed", "audio", "video", "image", "use", "base"}
    assert not loading & {tag for tag, _ in document.tags}
    for _, attributes in document.tags:
        assert not {"src", "style", "srcset", "action"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
    style = re.findall(r"<style>(.*?)</style>", page, re.S)[0]
    assert "url(" not in style
    assert "@import" not in style


def test_readable_without_scripts(page: str) -> None:
    """The script only adds: no element starts hidden, and the text stands in the markup."""
    without = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    document = Document(without)
    assert not [a for _, a in document.tags if "hidden" in a]
    assert "stagingdrop17[.]blob[.]core[.]windows[.]net" in document.text
    assert "Host names are shown defanged" in document.text


def test_tables_are_labelled(page: str) -> None:
    assert page.count("<table") == page.count("<caption")
    heads = Document(page).named("th")
    assert all(head.get("scope") in ("row", "col") for head in heads)


def test_first_lines_without_an_inventory_name_what_to_declare() -> None:
    page = render_html(results.undeclared())
    text = Document(page).text
    command = "acrtrace analyze build-agents.pcapng --own storage:stagingdrop17 --force"
    assert command in text
    assert text.index("suspected upload") < text.index(command)
    assert text.index(command) < text.index("Exfiltration findings, most severe first")
    # The account of a finding is not one line among equals.
    assert text.count("is about it: declare it only if it is yours") == 1


def test_an_empty_inventory_declares_nothing() -> None:
    empty = InventoryInfo("empty.json", None, [], [])
    page = render_html(replace(results.undeclared(), inventories=[empty]))
    assert "Nothing was declared as ours" in page


def test_no_invitation_to_declare_when_an_inventory_was_given(page: str) -> None:
    assert "Nothing was declared as ours" not in page


def test_nothing_found_is_not_called_clean() -> None:
    text = Document(render_html(results.make_result())).text
    assert "none found in what could be seen" in text
    assert "this is not the same as clean" in text
    assert text.count("No finding in this stream, in what could be seen") == 3


def test_missing_data_is_in_the_heading_which_is_not_green() -> None:
    cut = results.make_result(inputs=[results.make_input(complete=False)])
    page = render_html(cut)
    assert "<h1>none found in what could be seen, but data is missing</h1>" in page
    assert "<title>none found in what could be seen, but data is missing" in page
    assert 'class="verdict verdict-none-found-in-what-could-be-seen incomplete"' in page
    assert 'could-be-seen"' in render_html(results.make_result())


def test_only_exfiltration_speaks_of_uploads() -> None:
    calm = results.make_finding(
        stream="readiness", direction_evidence="W5", uploaded_bytes=0, size_error_bytes=0
    )
    page = render_html(results.make_result(findings=[calm]))
    assert "Uploaded (estimate)" not in page
    card = page[page.index('<article class="card') : page.index("</article>")]
    assert "no byte counts at all" not in card
    assert "this finding does not say that data was uploaded" in card
    assert "Uploaded (estimate)" in render_html(
        results.make_result(findings=[results.make_finding()])
    )


def test_a_suspicion_comes_with_what_to_do_next() -> None:
    text = Document(render_html(results.realistic())).text
    assert text.index("What to do next") < text.index("With a name")
    assert "What to do next" not in render_html(results.make_result())


def test_an_empty_result_still_makes_a_page() -> None:
    empty = replace(
        results.make_result(),
        inputs=[],
        inventories=[],
        registries=[],
        endpoints=[],
        thresholds={},
        command_line=[],
        coverage=results.make_coverage(named_share=None, directed_share=None, notes=[]),
        verdict="cannot tell",
    )
    assert "Nothing could be read" in Document(render_html(empty)).text


def test_a_crowd_is_bounded_and_says_so() -> None:
    crowd = results.crowded(findings=3 * OVERVIEW_ROWS, endpoints=3 * TABLE_ROWS)
    page = render_html(crowd)
    assert len(page) < 5_000_000
    assert page.count("<article") == CARDS
    assert page.count('<tr class="how">') == (
        FULL_CARDS * EVIDENCE_ROWS + (CARDS - FULL_CARDS) * FEWER_ROWS
    )
    text = Document(page).text
    assert f"Shown: {TABLE_ROWS:,} of {3 * TABLE_ROWS:,} contacts. All are in the JSON" in text
    assert f"Shown: {OVERVIEW_ROWS:,} of {3 * OVERVIEW_ROWS:,} findings." in text
    assert f"Shown: {CARDS} of {3 * OVERVIEW_ROWS:,} findings in full." in text
    assert f"Shown: {EVIDENCE_ROWS} of 50 flows in evidence." in text


HOSTILE = st.text(
    st.one_of(
        st.sampled_from("<>&\"'`{}%/=.-\\\x00\x1b\x9b\u202e\u2066\u200b\ud800"), st.characters()
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=30, deadline=None)
@given(HOSTILE)
@example("</script><script>alert(1)</script>")
@example("</style><img src=x onerror=alert(1)>")
@example('" onmouseover="alert(1)')
@example("{{ 7*7 }}{% raw %}")
@example("\u202egnp.exe")
@example("T1567/../x")
@example("--own acr:a'b")
def test_text_from_the_wire_is_only_ever_text(text: str) -> None:
    calm = Document(render_html(results.with_text(results.undeclared(), "calm")))
    page = render_html(results.with_text(results.undeclared(), text))
    hostile = Document(page)
    allowed = {tag for tag, _ in calm.tags} | {"wbr"}
    assert {tag for tag, _ in hostile.tags} <= allowed
    assert {name for _, a in hostile.tags for name in a} <= {
        name for _, a in calm.tags for name in a
    }
    assert len(hostile.named("script")) == len(hostile.named("style")) == 1
    assert page.replace("\n", "").isprintable()
    assert re.sub(r"\s+", " ", visible(text)) in hostile.text


def test_long_text_is_cut_and_says_so() -> None:
    page = render_html(results.with_text(results.make_result(), "a" * 1_000_000))
    assert len(page) < 2_000_000
    assert "... (996,000 more characters)" in page


def test_hostile_numbers_and_facts() -> None:
    finding = results.make_finding(
        first_ns=-(10**30),
        last_ns=10**30,
        uploaded_bytes=10**40,
        facts={"<b>": {"a": ["<i>", None]}, "many": list(range(1000)), "none": None},
    )
    text = Document(render_html(replace(results.realistic(), findings=[finding]))).text
    assert "<b>" in text
    assert '{"a": ["<i>", null]}' in text
    assert "and 980 more" in text
    assert "ns since 1970" in text


def test_small_result_is_rendered_quickly() -> None:
    """The imports of the template engine and of pygal included."""
    code = (
        "import time; start = time.process_time()\n"
        "from analyzer.report.formats import render\n"
        "from craft.results import realistic\n"
        "render(realistic(), 'html')\n"
        "print(time.process_time() - start)"
    )
    used = [
        float(
            subprocess.run(
                [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for _ in range(3)
    ]
    assert min(used) <= SMALL_REPORT * imports_seconds()


def _logged(**changes: object) -> str:
    """The page of one finding whose evidence is a line of a log."""
    evidence = results.make_evidence(
        **{
            "input": "firewall.json.gz",
            "first_packet": None,
            "last_packet": None,
            "display_filter": "",
            "tshark": None,
            "log": "firewall.json.gz",
            "log_unit": "line",
            "log_line": 17,
            "log_last_line": 17,
            "log_records": 1,
            "log_command": "gzip -dc < firewall.json.gz | LC_ALL=C sed -n '17{p;q;}'",
            **changes,
        }
    )
    finding = results.make_finding(
        shows="denied", uploaded_bytes=None, size_error_bytes=None, evidence=[evidence]
    )
    return render_html(replace(results.realistic(), findings=[finding]))


def test_a_log_is_shown_by_line_not_by_packet() -> None:
    text = Document(_logged()).text
    assert "line 17firewall.json.gz" in text
    assert "Line" + "gzip -dc < firewall.json.gz | LC_ALL=C sed -n '17{p;q;}'" in text
    assert "Wireshark" + "ip.addr" not in text
    assert "denied by a device; nothing is known to have left" in text


def test_several_lines_and_a_capture_beside_a_log() -> None:
    assert "line 17 – 1,902firewall.json.gz" in Document(_logged(log_last_line=1902)).text
    both = _logged(first_packet=3, last_packet=9, input="c.pcap", display_filter="ip.addr==1")
    assert "3 – 9c.pcapline 17 of firewall.json.gz" in Document(both).text


def test_a_record_of_a_document_is_no_line() -> None:
    text = Document(_logged(log_unit="record", log_command="jq -c . | sed")).text
    assert "record 17firewall.json.gz" in text
    assert "Recordjq -c . | sed" in text


def test_evidence_without_packets_and_lines_is_unknown() -> None:
    assert "unknownfirewall.json.gz" in Document(_logged(log=None, log_line=None)).text


def test_flows_of_logs_are_in_the_coverage() -> None:
    coverage = results.make_coverage(counted_flows=12, uncounted_flows=3456, denied_flows=7)
    text = Document(render_html(replace(results.realistic(), coverage=coverage))).text
    assert "12 flows by byte counters, 3,456 without any" in text
    assert "7 flows that carried nothing" in text
    assert "Logs alone" not in Document(render_html(results.realistic())).text
