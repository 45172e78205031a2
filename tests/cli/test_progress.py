from __future__ import annotations

from analyzer.cli import progress


def test_without_a_terminal_a_line_now_and_then(capsys):
    times = iter([0.0, 1.0, 31.0, 45.0, 62.0])
    show = progress.lines(lambda: next(times))
    show(10_000_000, 400_000_000)
    show(310_000_000, 400_000_000)
    show(350_000_000, 400_000_000)
    show(400_000_000, None)
    assert capsys.readouterr().err.splitlines() == [
        "acrtrace: read 310 MB of 400 MB (77.5 %), 10.0 MB/s, about 9 s left",
        "acrtrace: read 400 MB, 6.45 MB/s",
    ]


def test_quiet_shows_nothing():
    with progress.progress_bar(quiet=True) as show:
        assert show is None
