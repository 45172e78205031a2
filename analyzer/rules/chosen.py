"""Which rules run: all but those that the user has switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.issues import UsageError
from analyzer.names import printable, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from analyzer.rules.load import Rule


def chosen(
    rules: list[Rule], off: Iterable[str], places: Mapping[str, str] | None = None
) -> list[Rule]:
    """The rules without those that are off, in their order.

    Args:
        rules: All of them.
        off: Ids of those that are off.
        places: Where one is switched off (``acrtrace.toml:3: [rules]``), for the error.

    Raises:
        UsageError: There is no such rule: a mistyped one would go on reporting.
    """
    known = {rule.id for rule in rules}
    wanted = set(off)
    for name in sorted(wanted - known):
        where = f"{places[name]}: " if places and name in places else ""
        raise UsageError(
            f"{where}rule {printable(name)!r} cannot be switched off, there is none of this name"
            f"{suggestion(name, known)}; 'acrtrace rules' lists them"
        )
    return [rule for rule in rules if rule.id not in wanted]
