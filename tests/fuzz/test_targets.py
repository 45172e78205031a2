"""Every fuzz target over its seeds, over splices of them, and over what fuzzing once broke.

The coverage-guided search is `fuzz/run.py`; here each target shows that it works and that the
crashes of earlier searches stay mended. Kernels run compiled, so thousands of inputs are cheap.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest

FUZZ = Path(__file__).resolve().parents[2] / "fuzz"
sys.path.insert(0, str(FUZZ))

from targets import TARGETS  # noqa: E402

SPLICES = 400


def files(folder: str) -> list[Any]:
    return [
        pytest.param(path.parent.name, path, id=f"{path.parent.name}-{path.name}")
        for path in sorted((FUZZ / folder).glob("*/*"))
    ]


def spliced(chance: random.Random, pool: list[bytes]) -> bytes:
    """Pieces of two seeds with a few bytes changed, as a fuzzer's first generation has them."""
    one, two = chance.choice(pool), chance.choice(pool)
    data = bytearray(one[: chance.randint(0, len(one))] + two[chance.randint(0, len(two)) :])
    for _ in range(chance.randint(0, 8)):
        if data:
            value = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            data[chance.randrange(len(data))] = value
    return bytes(data)


def test_every_target_has_seeds() -> None:
    assert {path.name for path in (FUZZ / "seeds").iterdir()} == set(TARGETS)


@pytest.mark.parametrize(("target", "path"), files("seeds"))
def test_seeds(target: str, path: Path) -> None:
    TARGETS[target](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_splices(target: str) -> None:
    pool = [path.read_bytes() for path in sorted((FUZZ / "seeds" / target).iterdir())]
    chance = random.Random(20261124)
    for number in range(SPLICES):
        data = spliced(chance, pool)
        try:
            TARGETS[target](data)
        except Exception as error:
            raise AssertionError(f"splice {number}: {data.hex()}") from error


@pytest.mark.parametrize(("target", "path"), files("found"))
def test_what_was_found_stays_mended(target: str, path: Path) -> None:
    TARGETS[target](path.read_bytes())
