"""Inputs behind URLs, with fsspec's memory file system and backends that fail on purpose."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from backports import zstd
from fsspec.implementations.memory import MemoryFileSystem

from analyzer.inputs import url as url_module
from analyzer.inputs.discover import discover
from analyzer.inputs.open import open_stream
from analyzer.inputs.scheme import cleaned, is_url, redacted
from analyzer.report.write import default_path
from craft import archives, pcap, run, scenes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAIN = pcap.write_pcap(scenes.resolve(scenes.agent(0), "a.example", "192.0.2.7", 10**18))
SECRET = "s3cr3tSignature%2Fvalue"


@pytest.fixture
def memory() -> Iterator[MemoryFileSystem]:
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def content(spec: Any) -> bytes:
    with open_stream(spec) as stream:
        view, out = memoryview(bytearray(1 << 16)), b""
        while count := stream.readinto(view):
            out += view[:count]
    return out


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/a.pcap", "s3://bucket/a.pcap"),
        (f"https://h/x?sv=1&sig={SECRET}", "https://h/x?***"),
        (f"https://h/it's a/x?sv=1&sig={SECRET}", "https://h/it's a/x?***"),
        (f"https://user:{SECRET}@h/x", "https://***@h/x"),
        (f"https://user:a@{SECRET}@h/x", "https://***@h/x"),
        ("abfs://box@acct.dfs.core.windows.net/x", "abfs://box@acct.dfs.core.windows.net/x"),
        (f"abfs://box:{SECRET}@acct/x", "abfs://***@acct/x"),
        (f"simplecache::https://h/x#{SECRET}", "simplecache::https://h/x?***"),
        (f"x --a=https://h/x?sig={SECRET} y", "x --a=https://h/x?*** y"),
        ("no url ? at all", "no url ? at all"),
    ],
)
def test_secrets_in_urls_are_not_shown(url: str, shown: str) -> None:
    assert redacted(url) == shown


def test_messages_are_cleaned() -> None:
    url = f"https://h/x?sv=2024&sig={SECRET}"
    for text in (
        f"GET {url} failed",
        f"denied for sig={SECRET}&x",
        f"query sv=2024&sig={SECRET}",
        f"bad value {SECRET}",
        "AccountKey=abcdef123",
        f'{{"signature": "{SECRET}"}}',
    ):
        out = cleaned(text + "\nsecond line", url)
        assert SECRET not in out
        assert "abcdef123" not in out
        assert "\n" not in out


def test_what_is_a_url() -> None:
    assert is_url("s3://b/k")
    assert is_url("simplecache::s3://b/k")
    assert not is_url("/a://b")
    assert not is_url("C:/x")
    assert not is_url("-")


def test_report_names_hold_nothing_secret() -> None:
    assert default_path([f"https://h/d/t.pcap.gz?sig={SECRET}"], "html").name == "t.html"
    assert default_path([f"https://u:{SECRET}@h"], "html").name == "h.html"
    assert default_path(["s3://"], "html").name == "s3.html"


def test_objects_patterns_and_folders(memory: MemoryFileSystem) -> None:
    memory.pipe("/d/a.pcap", PLAIN)
    memory.pipe("/d/b.zst", zstd.compress(PLAIN))
    memory.pipe("/d/notes", b"hello")
    memory.pipe("/d/deep/c.tar", archives.tar([("c", PLAIN)]))
    (spec,), issues = discover(["memory://d/a.pcap"])
    assert (spec.path, spec.size, spec.first_ns) == ("memory://d/a.pcap", len(PLAIN), 10**18)
    assert content(spec) == PLAIN
    assert issues == []
    specs, issues = discover(["memory://d/*"])
    assert [s.path for s in specs] == ["memory:///d/a.pcap", "memory:///d/b.zst"]
    assert [(i.code, i.incomplete) for i in issues] == [("not-a-capture", False)]
    specs, _ = discover(["memory://d"])
    assert [s.path for s in specs][2] == "memory:///d/deep/c.tar!/c"
    assert [content(s) for s in specs][0] == PLAIN
    assert content(specs[2]) == PLAIN
    specs, issues = discover(["memory://d/a.pcap", "memory://d/a.pcap"])
    assert len(specs) == 1
    assert issues[0].code == "duplicate-input"


def test_a_missing_object_is_one_line(memory: MemoryFileSystem) -> None:
    for url in ("memory://nothing", "memory://d/*.pcap"):
        (spec,), _ = discover([url])
        assert spec.problem is not None
        assert spec.problem.code == "missing"


def test_local_urls_are_the_files_themselves(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(PLAIN)
    (spec,), issues = discover([f"file://{path}", str(path)])
    assert spec.path == str(path)
    assert issues[0].code == "duplicate-input"
    (spec,), _ = discover([f"file://{tmp_path}/none"])
    assert spec.problem is not None
    assert spec.problem.code == "missing"


@pytest.mark.parametrize(
    ("url", "extra"), [("s3://b/k", "acrtrace[s3]"), ("abfs://c@a/k", "acrtrace[azure]")]
)
def test_a_missing_backend_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch, url: str, extra: str
) -> None:
    for name in ("s3fs", "adlfs"):
        monkeypatch.setitem(sys.modules, name, None)
    (spec,), _ = discover([url])
    assert spec.problem is not None
    assert spec.problem.incomplete
    assert f"pip install '{extra}'" in spec.problem.detail


def test_an_unknown_scheme_is_one_line() -> None:
    (spec,), _ = discover(["nosuch://x/y"])
    assert spec.problem is not None
    assert "nosuch" in spec.problem.detail


class Failing(MemoryFileSystem):
    """Denies, breaks off, or delivers less than it promised."""

    protocol = "failing"
    cachable = False
    how = "deny"

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return {"name": path, "size": len(PLAIN), "type": "file"}

    def isdir(self, path: str) -> bool:
        return False

    def _open(self, path: str, *_: Any, **__: Any) -> Any:
        if self.how == "deny":
            raise PermissionError(f"403 for {path}?sig={SECRET}")
        if self.how == "refuse":
            refusal = RuntimeError("no")
            refusal.status = 403  # type: ignore[attr-defined]
            raise FileNotFoundError(path) from refusal
        if self.how == "cut":
            return io.BytesIO(PLAIN[:-9])

        class Breaking(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                if self.tell() >= 60:
                    raise RuntimeError(f"connection lost: https://h/x?sig={SECRET}")
                return super().read(min(size or 60, 60))

        return Breaking(PLAIN)


@pytest.fixture
def failing() -> Iterator[type[Failing]]:
    fsspec.register_implementation("failing", Failing, clobber=True)
    yield Failing
    Failing.how = "deny"


@pytest.mark.parametrize("how", ["deny", "refuse"])
def test_denied(failing: type[Failing], how: str) -> None:
    failing.how = how
    (spec,), _ = discover([f"failing://x?sig={SECRET}"])
    assert spec.path == "failing://x?***"
    assert spec.problem is not None
    assert "access denied" in spec.problem.detail
    assert SECRET not in repr(spec.problem)


def test_cut_and_broken(failing: type[Failing]) -> None:
    failing.how = "cut"
    (spec,), _ = discover(["failing://x"])
    with open_stream(spec) as stream:
        while stream.readinto(memoryview(bytearray(1 << 16))):
            pass
        assert stream.problem is not None
        assert stream.problem.code == "url-truncated"
        assert stream.problem.where == f"offset {len(PLAIN) - 9}"
        assert stream.sha256 is None
    failing.how = "break"
    (spec,), _ = discover(["failing://x"])
    assert spec.problem is not None
    assert "Error" not in spec.problem.detail
    assert "its backend says: connection lost" in spec.problem.detail
    assert SECRET not in repr(spec)


def test_many_objects_are_bounded(
    memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(url_module, "MAX_OBJECTS", 2)
    for n in range(5):
        memory.pipe(f"/d/{n}", PLAIN)
    specs, _ = discover(["memory://d"])
    assert len(specs) == 3
    assert specs[-1].problem is not None
    assert "3 left out" in specs[-1].problem.detail


def test_fsspec_is_imported_only_for_urls(tmp_path: Path) -> None:
    (tmp_path / "a.pcap").write_bytes(PLAIN)
    code = (
        "import sys\nfrom analyzer.inputs.discover import discover\n"
        "discover(sys.argv[1:])\nprint('fsspec' in sys.modules)"
    )
    for argument, imported in ((f"{tmp_path}/a.pcap", "False"), ("memory://x", "True")):
        done = subprocess.run(
            [sys.executable, "-c", code, argument],
            cwd=run.ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == imported


def test_the_command_line_ends_in_one_line_and_exit_three(tmp_path: Path) -> None:
    url = f"memory://nothing?sv=1&sig={SECRET}"
    out = tmp_path / "o.json"
    done = run.command_line("analyze", url, "-o", out, "--format", "json", cwd=tmp_path)
    assert done.returncode == 3
    everything = done.stdout + done.stderr + out.read_bytes()
    assert SECRET.encode() not in everything
    assert b"Traceback" not in everything
    assert json.loads(out.read_text("utf-8"))["inputs"][0]["path"] == "memory://nothing?***"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("foo://bar", "no backend of fsspec reads foo://"),
        ("file://", "the URL names no object"),
        ("s3://", "the URL names no object"),
        ("data://x", "can make no sense of this data:// URL"),
        ("reference://x", "can make no sense of this reference:// URL"),
        ("dir://x", "can make no sense of this dir:// URL"),
        ("ftp://127.0.0.1:1/x", "refused"),
        ("tar://x::file:///dev/null", "its backend says: "),
        ("http://[::1", ""),
        ("file://a\1b", "does not exist"),
    ],
)
def test_odd_urls_are_told_in_words(url: str, said: str) -> None:
    specs, issues = discover([url])
    assert issues == []
    (problem,) = [spec.problem for spec in specs]
    assert problem is not None
    assert problem.incomplete
    assert said in problem.detail
    assert not any(word in problem.detail for word in ("Error", "Exception", "__", "NoneType"))
