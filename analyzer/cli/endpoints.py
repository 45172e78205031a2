"""``acrtrace endpoints explain NAME...`` and ``acrtrace endpoints list``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.options import CONFIG_NAME, FILE

if TYPE_CHECKING:
    from analyzer.endpoints.entries import Entry
    from analyzer.endpoints.explain import Explanation
    from analyzer.endpoints.quiet import Quiet

FORMAT = click.Choice(["text", "json"])


@click.group()
def endpoints() -> None:
    """Explain how a host name is classified."""


@endpoints.command(
    epilog=f"Reads {CONFIG_NAME} in the current directory unless --config names another."
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "inventories", "--inventory", type=FILE, multiple=True, help="Azure CLI output. Repeatable."
)
@click.option("--own", multiple=True, metavar="NAME", help="Ours, as for analyze. Repeatable.")
@click.option("--approve", multiple=True, metavar="NAME", help="Approved. Repeatable.")
@click.option(
    "config",
    "--config",
    type=FILE,
    envvar="ACRTRACE_CONFIG",
    help=f"Configuration instead of ./{CONFIG_NAME}.",
)
@click.option("fmt", "--format", type=FORMAT, default="text", show_default=True)
def explain(
    names: tuple[str, ...],
    inventories: tuple[Path, ...],
    own: tuple[str, ...],
    approve: tuple[str, ...],
    config: Path | None,
    fmt: str,
) -> None:
    """Explain NAME: a host name, address, host:port or URL."""
    from analyzer.endpoints.explain import explain as explain_one
    from analyzer.endpoints.inventory import Inventory

    inventory = Inventory.load(inventories, own, approve, _config(config))
    found = [explain_one(name, inventory.catalogue, inventory) for name in names]
    if fmt == "json":
        version = inventory.catalogue.version
        _echo_json({"catalogue_version": version, "names": [_plain(f) for f in found]})
        return
    for number, explanation in enumerate(found):
        if number:
            click.echo()
        for line in _page(explanation):
            click.echo(line)


@endpoints.command("list")
@click.option(
    "config",
    "--config",
    type=FILE,
    envvar="ACRTRACE_CONFIG",
    help=f"Configuration instead of ./{CONFIG_NAME}.",
)
@click.option("fmt", "--format", type=FORMAT, default="text", show_default=True)
def list_entries(config: Path | None, fmt: str) -> None:
    """List the catalogue's entries."""
    from analyzer.endpoints.inventory import Inventory
    from analyzer.names import printable

    catalogue = Inventory.load(config_file=_config(config)).catalogue
    if fmt == "json":
        entries = [_entry(e) for e in catalogue.entries]
        quiet = [_silent(q) for q in catalogue.quiet]
        _echo_json({"catalogue_version": catalogue.version, "entries": entries, "quiet": quiet})
        return
    click.echo(f"catalogue {catalogue.version}, {len(catalogue.entries)} entries")
    for e in catalogue.entries:
        checked = e.checked or "unchecked "
        click.echo(f"{e.id:<24} {e.role:<26} {e.owner:<17} {checked:<11} {printable(e.title)}")
    for q in catalogue.quiet:
        checked = q.checked or "unchecked "
        click.echo(f"{q.id:<24} {'(quiet in DNS)':<44} {checked:<11} {printable(q.title)}")


def _config(config: Path | None) -> Path | None:
    found = Path(CONFIG_NAME)
    return config or (found if found.is_file() else None)


def _page(found: Explanation) -> list[str]:
    from analyzer.names import printable

    match, entry = found.match, found.match.entry
    rows = [("name", found.name or found.address or "-"), ("role", match.role)]
    if entry is not None:
        rows += [
            ("entry", f"{entry.id}: {entry.title}"),
            ("service", f"{entry.service} ({match.suffix})" if match.suffix else entry.service),
            ("owner", match.owner or entry.owner),
            ("region", match.region or ""),
            ("direction", entry.direction),
            ("technique", entry.technique or ""),
            ("source", f"{entry.source} ({_checked(entry)})"),
        ]
    rows += [
        ("ownership", f"{found.ownership}: {found.reason}" if found.ownership else ""),
        ("imitates", found.imitates or ""),
        *(("note", note) for note in found.notes),
        *(("not", f"{miss.entry_id}: {miss.reason}") for miss in found.near),
    ]
    head = printable(found.text)
    return [head, *(f"  {title:<10} {printable(value)}" for title, value in rows if value)]


def _plain(found: Explanation) -> dict[str, Any]:
    match = found.match
    return {
        "text": found.text,
        "name": found.name,
        "address": found.address,
        "role": match.role,
        "service": match.service,
        "owner": match.owner,
        "owner_decidable": match.owner_decidable,
        "region": match.region,
        "suffix": match.suffix or None,
        "direction": match.direction,
        "technique": match.technique,
        "entry": _entry(match.entry) if match.entry is not None else None,
        "ownership": found.ownership,
        "ownership_reason": found.reason,
        "imitates": found.imitates,
        "notes": list(found.notes),
        "near": [
            {"entry": n.entry_id, "pattern": n.pattern, "reason": n.reason} for n in found.near
        ],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "title": entry.title,
        "service": entry.service,
        "role": entry.role,
        "owner": entry.owner,
        "direction": entry.direction,
        "technique": entry.technique,
        "source": entry.source,
        "checked": entry.checked,
        "examples": list(entry.examples),
        "file": entry.file,
    }


def _silent(quiet: Quiet) -> dict[str, Any]:
    return {
        "id": quiet.id,
        "title": quiet.title,
        "zones": list(quiet.zones),
        "forms": list(quiet.forms),
        "source": quiet.source,
        "checked": quiet.checked,
        "examples": list(quiet.examples),
        "file": quiet.file,
    }


def _checked(entry: Entry) -> str:
    return f"checked {entry.checked}" if entry.checked else "general knowledge, not checked"


def _echo_json(document: dict[str, Any]) -> None:
    import json

    # ASCII only: control characters and bidirectional marks of hostile names stay escaped.
    click.echo(json.dumps(document, indent=2, ensure_ascii=True))
