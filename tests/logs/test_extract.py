"""One input into the case: what breaks off states nothing that is not so."""

from __future__ import annotations

import gzip

import pytest

from craft import run

SQUID = (
    "1793692805.{0}50 50 10.0.0.{0} TCP_MISS/201 400 PUT https://evil{0}.blob.core.windows.net/c/x "
    "user HIER_DIRECT/20.60.0.12{0} application/json\n"
)
STATED = "SELECT orig_ip, orig_bytes, resp_ip, resp_bytes, resp_port, action, process FROM flows"
NAMED = "SELECT name, addr FROM names UNION ALL SELECT host || target, NULL FROM http"


def stated(path, folder):
    analysis = run.analyze(folder, path)
    rows = analysis.rows(STATED) + analysis.rows(NAMED)
    return {tuple(map(str, row.values())) for row in rows}, analysis.result


@pytest.mark.parametrize("length", [1, 12, 18, 19, 20, 37])
def test_the_last_line_of_a_gzip_that_breaks_off_is_left_out(tmp_path, length):
    """Half a line may look like one: an address that lacks a digit, a name that lacks its end."""
    text = "".join(SQUID.format(n) for n in range(1, 6)).encode()
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(text, 0))
    whole, _ = stated(path, tmp_path)
    # Stored, so that the text breaks off where the file does: 8 bytes stand behind it.
    path.write_bytes(gzip.compress(text, 0)[: -8 - length])
    found, result = stated(path, tmp_path)
    assert found < whole
    assert len({row for row in found if "evil" in str(row)}) > 0
    assert not any("evil5" in str(row) for row in found)
    (info,) = result.inputs
    assert (info.complete, info.records) == (False, 4)
    assert {"unreadable-record", "unknown-line"} & {issue.code for issue in result.issues}


def test_a_last_line_without_an_end_counts_where_nothing_broke_off(tmp_path):
    """A live log is read while its writer is at it."""
    path = tmp_path / "access.log"
    path.write_text("".join(SQUID.format(n) for n in range(1, 6)).rstrip("\n"))
    found, result = stated(path, tmp_path)
    assert any("evil5" in str(row) for row in found)
    assert (result.inputs[0].complete, result.inputs[0].records) == (True, 5)
