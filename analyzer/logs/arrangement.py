"""How a JSON document holds its records, told as the jq program that prints them, one a line, in
the order of the file: the number of a record is then the number of a line.

jq (https://jqlang.org/manual/) reads what RFC 8259 allows, the reader of documents far more. Where
the two could count differently there is no program.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DEEPEST = 8
"""Lists within lists that are followed."""


@dataclass(slots=True)
class _List:
    """One that is open, and whether it is a member of an object."""

    step: str
    wrapped: bool
    ended: bool = False
    empty: bool = True


@dataclass(slots=True)
class Arrangement:
    """Follows the reader through a text."""

    _open: list[_List] = field(default_factory=list)
    _path: str = ""
    _lists: set[str] = field(default_factory=set)
    _held: set[str] = field(default_factory=set)
    _odd: bool = False
    _cut: bool = False
    _members: bool = False
    _hollow: bool = False

    def odd(self) -> None:
        """The text is not what jq reads."""
        self._odd = True

    def cut(self) -> None:
        """The text ends inside of a value."""
        self._cut = True

    def between(self, text: str, following: str) -> None:
        """What stands before a value or a closing sign, without white space."""
        top = self._open[-1] if self._open else None
        due = top is not None and not top.empty and following not in "]}"
        if text != ("," if due else ""):
            self._odd = True

    def ends(self, text: str) -> None:
        """What stands behind the last value; white space is left out."""
        if text not in ("", "," if self._open else ""):
            self._odd = True

    def opens(self, name: str = "") -> None:
        """A list begins; it is the first member of an object where it has a name."""
        if len(self._open) >= DEEPEST:
            self._odd = True
        if self._odd:
            return
        self._value()
        self._open.append(_List(f".{name}[]" if name else "[]", bool(name)))
        self._path += self._open[-1].step
        self._lists.add(self._path)

    def closes(self, sign: str) -> None:
        """A bracket or brace that belongs to no record."""
        top = self._open[-1] if self._open else None
        if top is None or (sign == "}") != top.ended:
            self._odd = True
        elif top.wrapped and not top.ended:
            top.ended = True
        else:
            self._open.pop()
            self._path = "".join(each.step for each in self._open)

    def hollow(self) -> None:
        """A record holds nothing: jq leaves it out where a text breaks off."""
        self._hollow = True

    def member(self) -> None:
        """Another member of an object whose list is at its end."""
        if not (self._open and self._open[-1].ended):
            self._odd = True
        self._members = True

    def holds(self, step: str = "") -> None:
        """A value that is a record, or holds records there."""
        self._value()
        self._held.add(self._path + step)

    def _value(self) -> None:
        if self._open:
            self._odd = self._odd or self._open[-1].ended
            self._open[-1].empty = False

    def program(self) -> str | None:
        """Arguments of jq; None where it would not print exactly the records."""
        if self._odd or len(self._held) != 1:
            return None
        (path,) = self._held
        if any(not path.startswith(each) for each in self._lists):
            return None
        if not path:
            return "-c ."  # prints each value before it reads the next
        if not self._cut and not self._open:
            return f"-c '{path if path[0] == '.' else f'.{path}'}'"
        if self._members or self._hollow:
            return None
        # How deep an element lies: below each list, and below its name where it has one.
        depth = path.count("[]") + path.count(".")
        return f"-cn --stream 'fromstream({depth}|truncate_stream(inputs))'"
