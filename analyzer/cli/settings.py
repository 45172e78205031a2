"""The settings of a run, made of what its options, the environment and ``acrtrace.toml`` gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.cli.setting import given_as_flag, origin, project_of
from analyzer.config import ENGINES
from analyzer.issues import UsageError

if TYPE_CHECKING:
    import click

    from analyzer.config import Settings


def settings_of(ctx: click.Context, inputs: tuple[str, ...] = (), **more: Any) -> Settings:
    """The settings that flags, environment, file and defaults give together.

    Raises:
        UsageError: Two of them contradict each other.
    """
    from analyzer.config import Settings, thresholds_with

    given, project = ctx.params, project_of(ctx)
    if given["keylog"] is not None and given["engine"] != "tshark":
        raise UsageError("--keylog needs --engine tshark: the others do not decrypt")
    if given["threads"] is not None and given["engine"] != ENGINES[0]:
        if given_as_flag(ctx, "threads") or not given_as_flag(ctx, "engine"):
            raise UsageError(f"--threads is for --engine {ENGINES[0]}: the others use one")
        given["threads"] = None  # configured for every run, and this one has another engine
    if None not in (given["from_ns"], given["to_ns"]) and given["from_ns"] > given["to_ns"]:
        raise UsageError("--from is later than --to")
    off = {**dict.fromkeys(given["rules_off"], ""), **dict(project.rules_off)}
    return Settings(
        inputs=inputs,
        **{name: given[name] for name in _SAME},
        origins=_origins(ctx),
        config_file=given["config"],
        hash_inputs=given["hashed"],
        rules_off=tuple(sorted(off.items())),
        thresholds=thresholds_with({**project.thresholds, **given["thresholds"]}),
        **more,
    )


def _origins(ctx: click.Context) -> dict[tuple[str, str], str]:
    """Where each name that is checked later was said: what an error begins with."""
    options = {option.name: option for option in ctx.command.params}
    found = {}
    for name in ("own", "approve", "rules_off"):
        option = options[name]
        for value in ctx.params[name]:
            where = origin(ctx, option, value)
            found[name, value] = option.opts[-1] if where == "flag" else where
    return found


_SAME = (
    "inventories", "own", "approve", "agents", "resolvers", "allows", "threads", "engine", "keylog",
    "log_format", "log_maps", "squid_logformat", "log_timezone", "log_year", "tenant", "rules_dir",
    "rule_seconds", "from_ns", "to_ns",
)  # fmt: skip
"""Parameters whose name and value are those of a field of `Settings`."""
