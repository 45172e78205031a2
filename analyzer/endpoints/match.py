"""Host name or address to catalogue entry: role, owner label, region, expected direction.

A name is looked up whole, then by its literal endings, longest first; under an ending one regular
expression decides between the entries that share it. A set of the last few characters of all
endings turns most foreign names away after one look-up. Names are at most 253 octets and patterns
have bounded parts, so the work per name is bounded whatever the name holds.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.endpoints.catalogue_file import CatalogueFile, read_files, vocabulary_of
from analyzer.endpoints.entries import Entry, entries_of
from analyzer.endpoints.matched import UNKNOWN, Form, Match
from analyzer.endpoints.quiet import Quiet, quiets_of
from analyzer.issues import UsageError
from analyzer.names import MAX_NAME, address_of, normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from analyzer.endpoints.patterns import Pattern, Vocabulary

__all__ = ["UNKNOWN", "Catalogue", "Form", "Match"]

_OWN_FILES = Path(__file__).with_name("catalogue")
_TAIL = 8
_CHUNK = 4096
_PLAIN_BYTES = b"abcdefghijklmnopqrstuvwxyz0123456789.-_\n"


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Choice = tuple[Match, Form, int, int]
"""Match without labels, its form, group of the owner, group of the region (0: none)."""


class _Ending:
    """All patterns that share a literal ending, best first; compiled when first needed.

    Attributes:
        candidates: Entry and pattern, in order of precedence.
        fullmatch: Matches the part of a name before this ending.
        choices: What a match means, by the number of its last group: each alternative is one outer
            group, which is the last to close.
    """

    __slots__ = ("candidates", "choices", "fullmatch")

    def __init__(self) -> None:
        self.candidates: list[tuple[Entry, Pattern]] = []
        self.choices: dict[int | None, _Choice] = {}
        self.fullmatch: Callable[[str, int, int], re.Match[str] | None] = self._compile

    def _compile(self, name: str, start: int, end: int) -> re.Match[str] | None:
        groups = 0
        alternatives = []
        for entry, pattern in self.candidates:
            outer = groups + 1
            form = Form(entry, entry.cloud or pattern.cloud)
            source = pattern.source(outer)
            owner = source.owner
            if pattern.is_owner_alone:  # its group can serve as the outer one
                source = pattern.source(groups)
                owner = outer
                alternatives.append(source.regex)
                groups = outer
            else:
                alternatives.append(f"({source.regex})")
                groups = outer + source.groups
            self.choices[outer] = (Match(form, None, None), form, owner, source.region)
        self.fullmatch = re.compile("|".join(alternatives)).fullmatch
        return self.fullmatch(name, start, end)


class Catalogue:
    """The compiled catalogue.

    Attributes:
        entries: All entries, in file and file order.
        version: Newest date on which an entry was checked, and a hash of all files.
        vocabulary: Classes and sets of all files.
        quiet: Names that are asked of DNS by the hundred without harm.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        version: str,
        vocabulary: Vocabulary,
        aliases: Mapping[str, str],
        quiet: Sequence[Quiet] = (),
    ) -> None:
        self.quiet = tuple(quiet)
        self.entries = tuple(entries)
        self.version = version
        self.vocabulary = vocabulary
        self._exact: dict[str, Match] = {}
        self._endings: dict[str, _Ending] = {}
        self._addresses: dict[str, Match] = {}
        self._networks: list[tuple[_Network, Match]] = []
        for entry in self.entries:
            self._index(entry)
        self._networks.sort(key=lambda n: -n[0].prefixlen)
        for ending in self._endings.values():
            ending.candidates.sort(key=lambda c: -c[0].rank)
        # A tail is as long as the shortest ending; a shorter exact name is its own tail.
        endings = ["." + e for e in self._endings]
        self._tail = min([_TAIL, *map(len, endings)])
        self._tails = {t[-self._tail :] for t in (*self._exact, *endings)}
        for alias, target in aliases.items():
            self._exact[alias] = self._alias(alias, target)
            self._tails.add(alias[-self._tail :])

    @classmethod
    def load(
        cls,
        extra: Sequence[Path] = (),
        *,
        suffixes: Mapping[str, Sequence[str]] | None = None,
        aliases: Mapping[str, str] | None = None,
        disabled: Iterable[str] = (),
    ) -> Catalogue:
        """Reads our catalogue and the user's files.

        Args:
            extra: Further catalogue files or directories.
            suffixes: Set name to further endings, for example ``{"acr": ["azurecr.corp.test"]}``.
            aliases: Custom host name to the catalogued name it stands for.
            disabled: Ids of entries to leave out.

        Raises:
            UsageError: A file, an alias or a disabled id is wrong; names file, entry and reason.
        """
        own = read_files([_OWN_FILES])
        users = read_files(extra)
        added = dict(suffixes or {})
        vocabulary = vocabulary_of([*own, *users], added)
        entries = [
            entry
            for files, verify in ((own, False), (users, True))
            for file in files
            for entry in entries_of(file, vocabulary, verify_examples=verify)
        ]
        off = frozenset(disabled)
        quiet = [each for file in (*own, *users) for each in quiets_of(file)]
        _check_ids([*entries, *quiet], off)
        kept = [e for e in entries if e.id not in off]
        silent = [each for each in quiet if each.id not in off]
        version = _version([*kept, *silent], [*own, *users], added, off)
        return cls(kept, version, vocabulary, aliases or {}, silent)

    def match(self, name: str) -> Match:
        """The match of one name as seen; `UNKNOWN` for names that are invalid or not catalogued."""
        return self.match_many([name])[0]

    def match_many(self, names: Sequence[str]) -> list[Match]:
        """The matches of many names, in order."""
        out: list[Match] = []
        for at in range(0, len(names), _CHUNK):
            chunk = names[at : at + _CHUNK]
            if not _all_plain(chunk):
                chunk = [normalise(n) or "" for n in chunk]
            self._match_plain(chunk, out)
        return out

    def _match_plain(self, names: Sequence[str], out: list[Match]) -> None:
        # The hot loop: a million names a second leave no room for another call or attribute.
        exact, tails, tail = self._exact, self._tails, -self._tail
        ending_of, append = self._endings.get, out.append
        for name in names:
            match = UNKNOWN
            if name[tail:] in tails and len(name) <= MAX_NAME:
                if name in exact:
                    append(exact[name])
                    continue
                at = name.find(".")
                while at > 0:
                    ending = ending_of(name[at + 1 :])
                    if ending is not None:
                        found = ending.fullmatch(name, 0, at)
                        if found is not None:
                            match, form, owner, region = ending.choices[found.lastindex]
                            if owner:
                                match = Match(form, found[owner], found[region] if region else None)
                            elif region:
                                match = Match(form, None, found[region])
                            break
                    at = name.find(".", at + 1)
            append(match)

    def match_address(self, addr: str) -> Match | None:
        """The match of a catalogued IP address (resolvers, link-local agents), else None."""
        canonical = address_of(addr)
        if canonical is None:
            return None
        found = self._addresses.get(canonical)
        if found is not None or not self._networks:
            return found
        address = ipaddress.ip_address(canonical)
        return next((m for network, m in self._networks if address in network), None)

    def candidates(self, name: str) -> list[tuple[Entry, Pattern]]:
        """Entries whose literal ending a normalised name has, longest ending first."""
        found = [
            (entry, pattern)
            for entry in self.entries
            for pattern in entry.patterns
            if not pattern.head and pattern.literal == name
        ]
        at = name.find(".")
        while at > 0:
            ending = self._endings.get(name[at + 1 :])
            found += ending.candidates if ending else []
            at = name.find(".", at + 1)
        return found

    def _index(self, entry: Entry) -> None:
        for pattern in entry.patterns:
            if pattern.head:
                self._endings.setdefault(pattern.literal, _Ending()).candidates.append(
                    (entry, pattern)
                )
                continue
            known = self._exact.get(pattern.literal)
            if known is None or (known.entry is not None and known.entry.rank < entry.rank):
                cloud = entry.cloud or pattern.cloud
                self._exact[pattern.literal] = Match(Form(entry, cloud), None, None)
        for text in entry.addresses:
            network = ipaddress.ip_network(text)
            match = Match(Form(entry, entry.cloud or ""), None, None)
            if network.prefixlen == network.max_prefixlen:
                self._addresses.setdefault(str(network.network_address), match)
            else:
                self._networks.append((network, match))

    def _alias(self, alias: str, target: str) -> Match:
        found = self.match(target)
        if found.entry is None:
            raise UsageError(
                f"alias {alias!r}: {target!r} is no catalogued name, expected for example "
                "a login server such as myregistry.azurecr.io"
            )
        return found


def _all_plain(names: Sequence[str]) -> bool:
    """True when no name needs `normalise` to be matched rightly.

    Plain means lower-case LDH with underscores and no trailing dot. What else can be wrong with a
    name (empty or long labels, hyphens at the ends) no pattern accepts.
    """
    text = "\n".join(names) + "\n"
    if not text.isascii() or ".\n" in text or text.count("\n") != len(names):
        return False
    return not text.encode("ascii").translate(None, delete=_PLAIN_BYTES)


def _check_ids(entries: Sequence[Entry | Quiet], disabled: frozenset[str]) -> None:
    files: dict[str, str] = {}
    for entry in entries:
        if entry.id in files:
            raise UsageError(
                f"{entry.file}: entry {entry.id}: the id is taken by {files[entry.id]}"
            )
        files[entry.id] = entry.file
    unknown = sorted(disabled - files.keys())
    if unknown:
        raise UsageError(f"disabled catalogue entry {unknown[0]!r} does not exist")


def _version(
    entries: Sequence[Entry | Quiet],
    files: Sequence[CatalogueFile],
    suffixes: Mapping[str, Sequence[str]],
    disabled: frozenset[str],
) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.content).digest())
    changes = (sorted((k, list(v)) for k, v in suffixes.items()), sorted(disabled))
    if any(changes):
        digest.update(repr(changes).encode())
    newest = max((e.checked for e in entries if e.checked), default="unchecked")
    return f"{newest}+{digest.hexdigest()[:8]}"
