"""Host names that no mail or chat program makes a link of: ``fabrikam[.]azurecr[.]io``.

In sentences only what is a name of the document is touched, and what lies in the same domain as
one: a file name or a version is not. Commands never are: they have to work.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from analyzer.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from analyzer.result import Result

_WORD = re.compile(r"[\w*-]+(?:\.[\w-]+)+")
_NAME = re.compile(r".*[.][^.]*[^\W\d_][^.]*")
_SCHEME = re.compile(r"\bhttp(?=s?://)", re.IGNORECASE)
_DOT = "[.]"


def is_name(text: str) -> bool:
    """A dotted name, as far as a look tells: its last label has a letter, which no address has."""
    return ":" not in text and "/" not in text and _NAME.fullmatch(text) is not None


def defanged(text: str) -> str:
    """The text with every dot of a host name in brackets and ``http`` as ``hxxp``.

    >>> defanged("https://fabrikam.azurecr.io/v2/")
    'hxxps://fabrikam[.]azurecr[.]io/v2/'
    """
    return _SCHEME.sub("hxxp", text).replace(".", _DOT)


def host(name: str) -> Markup:
    """A host name, defanged, or an address as it is; a narrow column breaks it after its dots."""
    shown = visible(name)
    if not is_name(shown):
        return Markup(str(escape(shown)).replace(".", ".<wbr>"))  # noqa: S704
    # The replaced text is escaped already, and no entity holds a dot.
    inner = str(escape(shown)).replace(".", "[.]<wbr>")
    return Markup(f'<span class="h">{inner}</span>')  # noqa: S704


def url(text: str) -> Markup:
    """A URL, defanged up to its path."""
    shown = visible(text)
    head, slash, path = shown.partition("://")
    place, rest = path, ""
    for mark in "/?#":
        if mark in place:
            place, rest = place[: place.index(mark)], place[place.index(mark) :] + rest
    whole = f"{defanged(head + slash + place)}{rest}" if slash else defanged(shown)
    return Markup('<span class="h">{}</span>').format(whole)


def _domain(name: str) -> str:
    return ".".join(name.split(".")[-2:])


class Prose:
    """Sentences in which the names of one document are defanged."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._domains = frozenset(_domain(name) for name in self._names)

    def _is_ours(self, word: str) -> bool:
        name = word.lower()
        return name in self._names or (name.count(".") > 1 and _domain(name) in self._domains)

    def plain(self, text: str) -> str:
        """For where no markup can be."""
        return "".join(defanged(part) if named else part for part, named in self._parts(text))

    def __call__(self, text: str) -> Markup:
        """As markup that the page's switch turns back."""
        return Markup("").join(
            Markup('<span class="h">{}</span>').format(defanged(part)) if named else escape(part)
            for part, named in self._parts(text)
        )

    def _parts(self, text: str) -> Iterator[tuple[str, bool]]:
        shown = visible(text)
        end = 0
        for word in _WORD.finditer(shown):
            if self._is_ours(word[0]):
                yield shown[end : word.start()], False
                yield word[0], True
                end = word.end()
        yield shown[end:], False


def names(result: Result) -> frozenset[str]:
    """Every host name that the document says was seen, in lower case."""
    found = {contact.endpoint for contact in result.endpoints}
    for finding in result.findings:
        found.add(finding.endpoint)
        for evidence in finding.evidence:
            found.update((evidence.name, evidence.claimed_name))
    for registry in result.registries:
        found.update((registry.name, *registry.hosts))
        found.update(registry.data_endpoints)
        found.update(registry.managed_storage)
    return frozenset(name.lower() for name in found if name and is_name(name))
