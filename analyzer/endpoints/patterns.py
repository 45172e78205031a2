"""The pattern language of the catalogue: dotted labels, compiled without backtracking traps.

A pattern is a host name in which a label may be

* literal text: ``mcr.microsoft.com``
* pieces with classes: ``<owner:account>-secondary`` (a class is a small regular expression that
  the catalogue names; ``owner`` and ``region`` are captured, a second ``<region:...>`` must repeat
  the first)
* ``*``: exactly one label; ``**`` (first only): one or more labels; ``<owner:**>`` captures them
* ``{set}``: any of a named list of literal endings, such as the cloud suffixes of a service.

A leading dot means the name itself and everything below it, as in Squid's dstdomain. A pattern
ends in at least two literal labels, so that it can be found by its ending. Classes never contain
a dot nor an unbounded repeat; with names capped at 253 octets each match is bounded work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
"""One label of a normalised name."""

CAPTURES = ("owner", "region")

_CLASS_TOKEN = re.compile(
    r"""(?P<atom>\[[a-z0-9_-]+\]|[a-z0-9_-])(?:\?|\{(?P<low>[0-9]{1,2})(?:,(?P<high>[0-9]{1,2}))?\})?
        |(?P<open>\()|(?P<close>\))\??|(?P<bar>\|)""",
    re.VERBOSE,
)
_PIECE = re.compile(r"<(?:(?P<capture>[a-z]+):)?(?P<cls>[a-z0-9_-]+|\*\*)>|(?P<text>[a-z0-9_-]+)")
_SET = re.compile(r"\{([a-z0-9_-]+)\}")


class PatternError(ValueError):
    """A pattern or class of the catalogue is malformed; the text says why."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that patterns may use.

    Attributes:
        classes: Class name to its regular expression.
        sets: Set name to its literal endings.
    """

    classes: Mapping[str, str]
    sets: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a label: literal text, or a class, captured when `capture` is set."""

    text: str
    regex: str
    capture: str | None
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A pattern's head as regular expression, and the numbers of its groups."""

    regex: str
    owner: int
    region: int
    groups: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """One expanded pattern.

    Attributes:
        text: As written in the catalogue, with its sets replaced.
        head: Labels before the literal ending, each a tuple of pieces.
        literal: The literal ending, at least two labels.
        cloud: What the last set was replaced with, or the literal ending.
    """

    text: str
    head: tuple[tuple[Piece, ...], ...]
    literal: str
    cloud: str

    @property
    def is_owner_alone(self) -> bool:
        """True when the head is the owner's label and nothing else."""
        return len(self.head) == 1 and [p.capture for p in self.head[0]] == ["owner"]

    def source(self, base: int) -> Source:
        """The head as a regular expression whose first group has number `base` + 1."""
        numbers: dict[str, int] = {}
        groups = base
        labels = []
        for pieces in self.head:
            parts = []
            for piece in pieces:
                if piece.capture is None:
                    parts.append(piece.regex)
                elif piece.capture in numbers:
                    parts.append(rf"(?:\{numbers[piece.capture]})")
                else:
                    groups += 1
                    numbers[piece.capture] = groups
                    parts.append(f"({piece.regex})")
            labels.append("".join(parts))
        return Source(
            r"\.".join(labels), numbers.get("owner", 0), numbers.get("region", 0), groups - base
        )

    def accepts(self, name: str) -> bool:
        """True when the whole name fits this pattern, whatever else may fit it better."""
        if not self.head:
            return name == self.literal
        ending = "." + self.literal
        if not name.endswith(ending):
            return False
        return re.fullmatch(self.source(0).regex, name[: -len(ending)]) is not None

    def refusal(self, name: str) -> str:
        """Why this pattern, whose literal ending the name has, does not accept it."""
        ending = "." + self.literal
        if not self.head or not name.endswith(ending):
            return f"is not {self.text}"
        labels = name[: -len(ending)].split(".")
        head = list(self.head)
        if _spans_labels(head[0]):
            if len(labels) < len(head):
                return f"{len(head)} labels or more precede {ending}, the name has {len(labels)}"
            head, labels = head[1:], labels[len(labels) - len(head) + 1 :]
        elif len(labels) != len(head):
            return f"{_count(len(head))} must precede {ending}, the name has {len(labels)}"
        for pieces, label in zip(head, labels, strict=True):
            regex = "".join(p.regex for p in pieces)
            if not re.fullmatch(regex, label):
                return f"label {label!r} does not fit {_readable(pieces)}"
        return "its repeated parts differ"


def expand(text: str, vocabulary: Vocabulary) -> list[Pattern]:
    """Compiles a pattern as written into one `Pattern` per literal ending.

    Raises:
        PatternError: The text breaks the rules above; the message says which.
    """
    if text.startswith("."):
        below = "**" + text
        return [*expand(text[1:], vocabulary), *expand(below, vocabulary)]
    names = _SET.findall(text)
    for name in names:
        if name not in vocabulary.sets:
            raise PatternError(f"unknown set {{{name}}}")
    patterns = []
    for choice in product(*(vocabulary.sets[n] for n in names)):
        endings = iter(choice)
        written = _SET.sub(lambda _: next(endings), text)  # noqa: B023 consumed in this turn
        patterns.append(_compile(written, choice[-1] if choice else None, vocabulary))
    return patterns


def check_class(regex: str) -> None:
    """Refuses a class that could span labels or backtrack without bound.

    Raises:
        PatternError: Anything but literals, ``[...]``, ``?``, ``{m,n}``, ``|`` and plain groups.
    """
    at, depth = 0, 0
    while at < len(regex):
        token = _CLASS_TOKEN.match(regex, at)
        if token is None:
            raise PatternError(
                f"{regex[at:]!r}: a class is made of a-z 0-9 - _ [...] ? {{m,n}} | and (...)"
            )
        depth += (token["open"] is not None) - (token["close"] is not None)
        if depth not in (0, 1):
            raise PatternError(f"{regex!r}: groups do not nest and must be closed")
        low, high = token["low"], token["high"]
        if low is not None and not (int(low) <= int(high or low) <= 63):
            raise PatternError(f"{regex!r}: a label has at most 63 characters")
        at = token.end()
    if depth or not regex:
        raise PatternError(f"{regex!r}: empty, or a group is not closed")
    try:
        re.compile(regex)
    except re.error as error:  # for example a reversed range
        raise PatternError(f"{regex!r}: {error}") from None


def _compile(text: str, cloud: str | None, vocabulary: Vocabulary) -> Pattern:
    labels = [_label(label, text, i, vocabulary) for i, label in enumerate(text.split("."))]
    cut = len(labels)
    while cut and all(piece.literal for piece in labels[cut - 1]):
        cut -= 1
    literal = ".".join("".join(p.text for p in pieces) for pieces in labels[cut:])
    if literal.count(".") < 1:
        raise PatternError(f"{text!r} must end in at least two literal labels")
    return Pattern(text, tuple(labels[:cut]), literal, cloud or literal)


def _label(label: str, text: str, index: int, vocabulary: Vocabulary) -> tuple[Piece, ...]:
    if label == "*":
        return (Piece("*", LABEL, None),)
    if label == "**":
        label = "<**>"
    pieces = []
    at = 0
    for found in _PIECE.finditer(label):
        if found.start() != at:
            break
        at = found.end()
        pieces.append(_piece(found, text, vocabulary))
    if at != len(label) or not pieces:
        raise PatternError(f"{text!r}: label {label!r} is malformed")
    if _spans_labels(tuple(pieces)) and (index > 0 or len(pieces) > 1):
        raise PatternError(f"{text!r}: '**' must be the whole first label")
    return tuple(pieces)


def _piece(found: re.Match[str], text: str, vocabulary: Vocabulary) -> Piece:
    if found["text"] is not None:
        return Piece(found["text"], re.escape(found["text"]), None, literal=True)
    capture, cls = found["capture"], found["cls"]
    if capture is not None and capture not in CAPTURES:
        raise PatternError(f"{text!r}: only {' and '.join(CAPTURES)} are captured, not {capture!r}")
    if cls == "**":
        return Piece("**", rf"(?:{LABEL}\.)*{LABEL}", capture)
    if cls not in vocabulary.classes:
        raise PatternError(f"{text!r}: unknown class <{cls}>")
    # check_class admits plain groups only; capturing ones would shift the numbers of ours.
    regex = vocabulary.classes[cls].replace("(", "(?:")
    return Piece(f"<{cls}>", f"(?:{regex})", capture)


def _spans_labels(pieces: tuple[Piece, ...]) -> bool:
    return any(p.text == "**" for p in pieces)


def _count(labels: int) -> str:
    return "one label" if labels == 1 else f"{labels} labels"


def _readable(pieces: tuple[Piece, ...]) -> str:
    return "".join(p.text if p.literal else p.regex.replace("(?:", "(") for p in pieces)
