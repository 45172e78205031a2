"""What a batch of columns must look like, and that what is wrong is said."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from analyzer.case.build import Case, open_case


def issue_columns(rows: int = 2) -> dict[str, Any]:
    return {
        "code": np.array(["cut-record"] * rows, dtype=object),
        "input_id": np.ma.masked_array(
            np.zeros(rows, np.int32), mask=[i == 0 for i in range(rows)]
        ),
        "where": np.array(["offset 24"] * rows, dtype=object),
        "detail": np.array(["a", "\x00\u202e😀"][:rows], dtype=object),
        "count": np.arange(rows),
        "incomplete": np.zeros(rows, np.bool_),
    }


def content(case: Case) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = case.connection.execute(
        'SELECT input_id, detail, "count", incomplete FROM issues ORDER BY "count"'
    ).fetchall()
    return found


def test_a_batch_is_appended_with_its_nulls() -> None:
    with open_case() as case:
        assert case.append("issues", issue_columns()) == 2
        assert content(case) == [(None, "a", 0, False), (0, "\x00\u202e😀", 1, False)]


def test_an_empty_batch_is_no_row() -> None:
    with open_case() as case:
        assert case.append("issues", issue_columns(0)) == 0
        assert content(case) == []


def test_none_in_a_text_column_is_null_however_late_text_comes() -> None:
    rows = 20_000
    names: Any = np.empty(rows, dtype=object)
    names[-1] = "x.example.com"
    with open_case() as case:
        case.append(
            "tls",
            {
                "flow_id": np.arange(rows), "ts_ns": np.arange(rows), "packet": np.arange(rows),
                "input_id": np.zeros(rows, np.int32), "sni": names,
                "alpn": np.full(rows, None, dtype=object), "version": np.zeros(rows, np.int32),
                "quic_version": np.ones(rows, np.int64),
                **{k: np.zeros(rows, np.bool_) for k in
                   ("ech", "truncated", "ticket", "psk", "early_data")},
                **{k: np.full(rows, None, dtype=object) for k in
                   ("versions", "session_id", "ech_type", "ja4")},
                **{k: np.zeros(rows, np.int32) for k in ("ciphers", "ech_config")},
            },
        )  # fmt: skip
        found = case.connection.execute("SELECT count(*), count(sni), count(alpn) FROM tls")
        assert found.fetchall() == [(rows, 1, 0)]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("code", None, r"missing columns \['code'\]"),
        ("extra", np.zeros(2), r"unknown \['extra'\]"),
        ("count", [1, 2], "one-dimensional numpy array"),
        ("count", np.zeros((2, 1), np.int64), "one-dimensional numpy array"),
        ("count", np.zeros(2), "dtype float64 does not hold BIGINT"),
        ("code", np.array(["a", "b"]), "dtype <U1 does not hold VARCHAR"),
        ("incomplete", np.zeros(2, np.int64), "does not hold BOOLEAN"),
        ("count", np.zeros(3, np.int64), "differ in length"),
        ("count", np.ma.masked_array([1, 2], mask=[True, False]), "never NULL"),
        ("code", np.array(["a", None], dtype=object), "never NULL"),
    ],
)
def test_what_does_not_fit_is_refused(column: str, value: Any, message: str) -> None:
    columns = issue_columns()
    if value is None:
        del columns[column]
    else:
        columns[column] = value
    with open_case() as case:
        with pytest.raises(ValueError, match=message):
            case.append("issues", columns)
        assert content(case) == []


def test_an_unknown_table_is_refused() -> None:
    with open_case() as case, pytest.raises(ValueError, match="no table 'flow'"):
        case.append("flow", {})


def test_neither_pandas_nor_pyarrow_is_imported() -> None:
    program = (
        "import sys, numpy as np\n"
        "from analyzer.case.build import open_case\n"
        "with open_case() as case:\n"
        "    t = lambda *v: np.array(v, dtype=object)\n"
        "    case.append('issues', {'code': t('a'), 'where': t('b'), 'detail': t('c'),\n"
        "        'input_id': np.zeros(1, np.int32), 'count': np.ones(1, np.int64),\n"
        "        'incomplete': np.zeros(1, bool)})\n"
        "    case.connection.execute('SELECT code FROM issues').fetchnumpy()\n"
        "print(sorted({'pandas', 'pyarrow'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
