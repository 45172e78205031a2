"""Values that a shell completes and that no list of click's holds; each is looked up when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    import click


def rule_ids(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Ids of the built-in rules, with their titles for shells that show them."""
    from analyzer.rules.load import load

    return [
        CompletionItem(rule.id, help=rule.title)
        for rule in sorted(load(), key=lambda rule: rule.id)
        if rule.id.startswith(begun.upper())
    ]


def limits(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """``NAME=NUMBER`` of every limit that can be changed, with its default to begin from."""
    from dataclasses import asdict

    from analyzer.config import COUNTED_BY, Thresholds

    return [
        CompletionItem(f"{name}={value}")
        for name, value in asdict(Thresholds()).items()
        if name not in COUNTED_BY and f"{name}={value}".startswith(begun)
    ]


def log_formats(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of the built-in log formats."""
    from analyzer.logs.format import load_formats

    return [CompletionItem(name) for name in sorted(load_formats()) if name.startswith(begun)]
