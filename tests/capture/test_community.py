"""Community ID v1 against the published baseline."""

from __future__ import annotations

import pytest

from analyzer.capture.community import community_id


# github.com/corelight/community-id-spec, baseline/baseline_deflt.json
@pytest.mark.parametrize(
    ("proto", "a", "a_port", "b", "b_port", "expected"),
    [
        (6, "128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        (17, "192.168.1.52", 54585, "8.8.8.8", 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
    ],
)
def test_baseline(proto: int, a: str, a_port: int, b: str, b_port: int, expected: str) -> None:
    assert community_id(proto, a, a_port, b, b_port) == expected
    assert community_id(proto, b, b_port, a, a_port) == expected
