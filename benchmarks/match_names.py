"""Names per second of the catalogue's matcher, next to a plain loop over compiled regexes.

Usage: python benchmarks/match_names.py [NAMES]

The names are distinct and made from a fixed seed. The mix is what an agent network's egress log
shows: accounts and registries of many owners, other clouds, Azure services, and a good half
that no entry knows. "peer" is what most tools do: every pattern a compiled regular
expression, tried in order of precedence until one fits. It gets a slice, its rate is per name.
"""

from __future__ import annotations

import random
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from typing import TYPE_CHECKING

from analyzer.endpoints.match import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

_SHAPES: tuple[tuple[int, str], ...] = (
    (16, "{word}.blob.core.windows.net"),
    (3, "{word}.queue.core.windows.net"),
    (3, "{word}.dfs.core.windows.net"),
    (3, "weumanaged{n}.blob.core.windows.net"),
    (8, "{word}.azurecr.io"),
    (5, "{word}.eastus2.data.azurecr.io"),
    (4, "{word}.s3.eu-west-1.amazonaws.com"),
    (2, "{word}.s3.amazonaws.com"),
    (1, "{word}.storage.googleapis.com"),
    (4, "{word}.servicebus.windows.net"),
    (4, "{word}.ods.opinsights.azure.com"),
    (3, "{word}.azurewebsites.net"),
    (2, "{word}.vault.azure.net"),
    (2, "{word}.ngrok-free.app"),
    (18, "www.{word}.org"),
    (16, "{word}.example.com"),
    (14, "cdn-{n}.{word}.net"),
    (10, "{word}.cloudfront.net"),
    (8, "d{n}.edge.{word}.co.uk"),
    (6, "{word}.akamaiedge.net"),
)


def make_names(count: int, shapes: tuple[tuple[int, str], ...], seed: int = 20261123) -> list[str]:
    """`count` distinct names in the given mix, the same for the same arguments."""
    rng = random.Random(seed)
    weights = [w for w, _ in shapes]
    templates = [t for _, t in shapes]
    names: dict[str, None] = {}
    while len(names) < count:
        for template in rng.choices(templates, weights, k=count - len(names)):
            word = "".join(
                rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=rng.randint(5, 18))
            )
            names[template.format(word="x" + word, n=rng.randrange(10_000))] = None
    return list(names)


def peer(catalogue: Catalogue) -> Callable[[list[str]], list[str | None]]:
    """The naive matcher: a list of compiled regexes in order of precedence."""
    rules = []
    for entry in catalogue.entries:
        for pattern in entry.patterns:
            ending = re.escape(pattern.literal)
            text = pattern.source(0).regex + r"\." + ending if pattern.head else ending
            order = (bool(pattern.head), -len(pattern.literal), -entry.rank)
            rules.append((order, re.compile(text).fullmatch, entry.id))
    rules.sort(key=lambda rule: rule[0])

    def match_many(names: list[str]) -> list[str | None]:
        return [next((i for _, fits, i in rules if fits(name)), None) for name in names]

    return match_many


def best_of(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the fastest round: other work on the machine only ever adds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Prints one line per matcher."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    catalogue = Catalogue.load()
    catalogue.match_many(make_names(20_000, _SHAPES, seed=1))  # compiles what is compiled lazily
    mixes = {
        "realistic mix": _SHAPES,
        "catalogued only": tuple(s for s in _SHAPES[:14]),
        "unknown only": tuple(s for s in _SHAPES[14:]),
    }
    print(f"catalogue {catalogue.version}, {len(catalogue.entries)} entries, 1 thread")
    for title, shapes in mixes.items():
        names = make_names(count, shapes)
        seconds = best_of(lambda names=names: catalogue.match_many(names), 5)  # type: ignore[misc]
        known = sum(m.entry is not None for m in catalogue.match_many(names))
        print(
            f"match_many  {title:16} {len(names) / seconds:12,.0f} names/s "
            f"({len(names):,} distinct, {known / len(names):.0%} catalogued)"
        )
    sample = make_names(2_000, _SHAPES)
    naive = peer(catalogue)
    seconds = best_of(lambda: naive(sample), 1)
    print(f"peer: regex loop, realistic mix {len(sample) / seconds:8,.0f} names/s (2,000 names)")
    agree = naive(sample) == [m.entry_id for m in catalogue.match_many(sample)]
    print(f"same answers on the sample: {'yes' if agree else 'NO'}")


if __name__ == "__main__":
    main()
