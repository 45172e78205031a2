"""Tests of this folder are about uploads: what hygiene notes beside them is not theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rules.conftest import Case, empty_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.result import Finding


class Accusations(Case):
    """A case of which hygiene findings are not looked at."""

    def findings(self, *, inventory: bool = True) -> list[Finding]:
        return [f for f in super().findings(inventory=inventory) if f.stream != "hygiene"]


@pytest.fixture
def case() -> Iterator[Accusations]:
    connection = empty_case()
    yield Accusations(connection)
    connection.close()
