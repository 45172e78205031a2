from __future__ import annotations

import io

import pandas as pd
import pytest

from analyzer.report.outputs.timesketch import render_timesketch
from analyzer.result import Request, Result
from craft import results
from craft.published import lines, timesketch_errors


@pytest.mark.parametrize("result", [results.realistic(), results.undeclared(), results.hostile()])
def test_every_line_has_what_the_importer_asks_for(result: Result) -> None:
    text = render_timesketch(result)
    for document in lines(text):
        assert timesketch_errors(document) == []
    assert text == render_timesketch(result)
    assert text.isascii()


def test_lines_stand_in_the_order_of_time_as_pandas_reads_them() -> None:
    text = render_timesketch(results.realistic())
    frame = pd.read_json(io.StringIO(text), lines=True, dtype=False)
    assert frame["timestamp"].is_monotonic_increasing
    times = pd.to_datetime(frame["datetime"], utc=True)  # what Timesketch's importer does
    assert (times.astype("int64") // (1000 if times.dt.unit == "ns" else 1)).tolist() == (
        frame["timestamp"].tolist()
    )
    assert set(frame["data_type"]) == {"acrtrace:finding", "acrtrace:evidence"}
    assert (frame["data_type"] == "acrtrace:evidence").sum() == 27


def test_requests_have_their_own_moment() -> None:
    request = Request(
        packet=7,
        time_ns=1_795_474_394_000_000_000,
        version="HTTP/1.1",
        decrypted=True,
        method="PUT",
        url="https://stagingdrop17.blob.core.windows.net/c/x",
        headers=[],
        body_bytes=None,
        status=201,
        answer_headers=[],
    )
    evidence = results.make_evidence(requests=[request])
    made = lines(
        render_timesketch(results.make_result(findings=[results.make_finding(evidence=[evidence])]))
    )
    (found,) = [each for each in made if each["timestamp_desc"] == "HTTP request"]
    assert found["message"] == "PUT https://stagingdrop17.blob.core.windows.net/c/x"
    assert found["datetime"] == "2026-11-23T22:53:14.000000+00:00"
    assert found["status"] == 201
    assert "body_bytes" not in found


def test_what_has_no_time_is_left_out() -> None:
    evidence = results.make_evidence(start_ns=None)
    finding = results.make_finding(first_ns=None, last_ns=None, evidence=[evidence])
    assert render_timesketch(results.make_result(findings=[finding])) == ""


def test_a_finding_of_one_moment_is_one_line() -> None:
    finding = results.make_finding(first_ns=5_000, last_ns=5_000, evidence=[])
    (found,) = lines(render_timesketch(results.make_result(findings=[finding])))
    assert found["timestamp"] == 5
