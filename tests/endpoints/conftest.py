"""The catalogue, read once, and inventories made of flags."""

from __future__ import annotations

import pytest

from analyzer.endpoints.inventory import Inventory
from analyzer.endpoints.match import Catalogue


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def declared(catalogue):
    """An inventory from --own, --approve and their like."""

    def make(*own: str, approve: tuple[str, ...] = ()) -> Inventory:
        return Inventory.load(own=own, approve=approve, catalogue=catalogue)

    return make


@pytest.fixture
def write(tmp_path):
    """A file with this text or bytes."""

    def make(name: str, content: str | bytes):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make
