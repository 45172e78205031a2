"""From the arguments of a run to the list of inputs: files, directories, standard input.

Nothing is left out silently: what a directory holds beside captures is counted by kind.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analyzer.inputs.archive import Expander, nothing_found
from analyzer.inputs.scheme import is_url, redacted
from analyzer.inputs.sniff import EMPTY, EXPECTED
from analyzer.inputs.spec import (
    STDIN,
    Spec,
    Texts,
    os_problem,
    printable,
    probe_file,
    probe_stdin,
)
from analyzer.issues import InputError, Issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from analyzer.inputs.sniff import Stranger

MAX_NAMED = 100


def discover(
    paths: Iterable[str],
    progress: Callable[[int], None] | None = None,
    texts: Texts | None = None,
) -> tuple[list[Spec], list[Issue]]:
    """Finds the inputs that the arguments name.

    Args:
        paths: Files, directories (searched recursively, symbolic links followed), URLs and ``-``;
            an archive stands for the captures inside.
        progress: Told how many stored bytes of archives have been read through.
        texts: Tells logs; without it, text is left out.

    Returns:
        Inputs by time of their first packet, then path; those without one come last. A named file
        that cannot be read is among them (format None, reason in ``problem``). The issues concern
        the whole run: ``input_id`` is None and ``where`` names the path.
    """
    search = _Search(progress, texts)
    for path in paths:
        search.add(path)
    specs = sorted(search.specs, key=lambda s: (s.first_ns is None, s.first_ns or 0, s.path))
    return specs, search.issues()


def refuse_all_missing(paths: Iterable[str]) -> None:
    """Refuses a run without a single input: a mistyped name is no evidence to report about.

    Raises:
        InputError: All paths are names of files that do not exist.
    """
    missing = []
    for path in paths:
        if path == STDIN:
            return
        try:
            os.stat(path)  # noqa: PTH116 - undecodable names pass as they are
        except (FileNotFoundError, NotADirectoryError):
            if is_url(path):
                return
            missing.append(printable(path))
        except (OSError, ValueError):
            return
        else:
            return
    if missing:
        raise InputError(f"{', '.join(missing)}: no such file; no report was written")


@dataclass(slots=True)
class _Tally:
    """One kind of thing that was left out: the first of them and how many."""

    where: str
    detail: str
    incomplete: bool
    count: int = 1

    @property
    def place(self) -> str:
        """The first of them, and how many others there are."""
        return self.where if self.count == 1 else f"{self.where} and {self.count - 1:,} more"


@dataclass(slots=True)
class _Search:
    """What was found so far, and what must not be counted twice."""

    progress: Callable[[int], None] | None = None
    texts: Texts | None = None
    specs: list[Spec] = field(default_factory=list)
    seen: dict[tuple[int, int], str] = field(default_factory=dict)
    stdin_taken: bool = False
    urls: set[str] = field(default_factory=set)
    tallies: dict[tuple[str, str], _Tally] = field(default_factory=dict)
    expander: Expander = field(init=False)

    def __post_init__(self) -> None:
        self.expander = Expander(self.specs.append, self._count, self.progress, texts=self.texts)

    def add(self, path: str) -> None:
        """One argument."""
        if path == STDIN:
            if self.stdin_taken:
                self._duplicate(STDIN, STDIN)
            else:
                self.stdin_taken = True
                self._named(probe_stdin(texts=self.texts))
        elif is_url(path) and not os.path.exists(path):  # noqa: PTH110
            self._url(path)
        elif os.path.isdir(path):  # noqa: PTH112 - undecodable names pass as they are
            self._directory(path)
        else:
            self._named(probe_file(path, self.texts))

    def issues(self) -> list[Issue]:
        """The tallies, in the order of their first occurrence."""
        return [
            Issue(code, None, t.place, t.detail, t.count, t.incomplete)
            for (code, _), t in self.tallies.items()
        ]

    def _named(self, spec: Spec) -> None:
        """An input that was asked for by name."""
        if self._is_new(spec):
            if not spec.is_archive:
                self.specs.append(spec)
            elif not self.expander.expand(spec):
                self.specs.append(nothing_found(spec))

    def _url(self, url: str) -> None:
        """Everything that a URL names; the one place that leads to the network."""
        from analyzer.inputs.url import probe_url

        shown = redacted(url)
        if url in self.urls:
            self._duplicate(shown, shown)
            return
        self.urls.add(url)
        found = list(probe_url(url, self.texts))
        for spec in found:
            if spec.stranger is not None and len(found) > 1:
                self._stranger(shown, spec.path, spec.stranger)
            else:
                self._named(spec)

    def _is_new(self, spec: Spec) -> bool:
        first = self.seen.get(spec.identity) if spec.identity else None
        if first is not None:
            self._duplicate(spec.path, first)
            return False
        if spec.identity:
            self.seen[spec.identity] = spec.path
        return True

    def _directory(self, root: str) -> None:
        captures = 0
        for source in self._files(root):
            spec = probe_file(source, self.texts)
            if spec.is_archive:
                if self._is_new(spec):
                    inside = self.expander.expand(spec)
                    captures += inside
                    if not inside:  # a document may well be a zip
                        detail = f"{EXPECTED}; found an archive without captures in"
                        detail += f" {printable(root)}; left out"
                        self._count("not-a-capture", spec.path, detail, incomplete=False)
            elif spec.format is not None:
                captures += 1
                if self._is_new(spec):
                    self.specs.append(spec)
            elif spec.stranger is not None:
                self._stranger(root, spec.path, spec.stranger)
            elif spec.problem is not None:
                detail = f"{spec.problem.detail}, in directory {printable(root)}"
                lost = spec.problem.code != "not-a-file"
                self._count(spec.problem.code, spec.path, detail, incomplete=lost)
        if not captures:
            detail = (
                f"{EXPECTED}; found nothing in this directory that could be recognised, nothing "
            )
            detail += "analysed; --log-map reads other logs (docs/log-maps.md)"
            self._count("no-captures", printable(root), detail, incomplete=True)

    def _files(self, root: str) -> Iterator[str]:
        """Files below ``root`` in byte order of their paths; each directory is entered once."""
        entered: set[tuple[int, int]] = set()
        waiting = [root]
        while waiting:
            directory = waiting.pop()
            try:
                info = os.stat(directory)  # noqa: PTH116
                names = sorted(os.listdir(directory), key=os.fsencode)  # noqa: PTH208
            except OSError as error:
                problem = os_problem(error)
                detail = f"{problem.detail}; the directory was not searched"
                self._count("unreadable", printable(directory), detail, incomplete=True)
                continue
            if (info.st_dev, info.st_ino) in entered:
                detail = "a link leads to a directory that was searched already; not searched again"
                self._count("directory-loop", printable(directory), detail, incomplete=False)
                continue
            entered.add((info.st_dev, info.st_ino))
            children = []
            for name in names:
                path = os.path.join(directory, name)  # noqa: PTH118
                if os.path.isdir(path):  # noqa: PTH112
                    children.append(path)
                else:
                    yield path
            waiting += reversed(children)

    def _stranger(self, root: str, path: str, found: Stranger) -> None:
        if found.kind == EMPTY:  # a rotated log, a capture that never began: nothing is missing
            detail = f"found {EMPTY} in {printable(root)}; left out"
            self._count("empty-file", path, detail, incomplete=False)
            return
        hint = f"; {found.hint}" if found.hint else ""
        detail = f"{EXPECTED}; found {found.kind} in {printable(root)}; left out{hint}"
        # What may hold traffic is named, each file of it, up to a bound; the rest is counted.
        if found.holds_traffic and len(self.tallies) < MAX_NAMED:
            self._count("not-a-capture", path, detail, incomplete=True, alone=True)
        else:
            self._count("not-a-capture", path, detail, incomplete=found.holds_traffic)

    def _duplicate(self, path: str, first: str) -> None:
        detail = f"the same file as {first}; analysed once"
        self._count("duplicate-input", path, detail, incomplete=False)

    def _count(
        self, code: str, where: str, detail: str, *, incomplete: bool, alone: bool = False
    ) -> None:
        key = (code, f"{detail}\0{where}" if alone else detail)
        tally = self.tallies.get(key)
        if tally is None:
            self.tallies[key] = _Tally(where, detail, incomplete)
        else:
            tally.count += 1
