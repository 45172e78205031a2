"""``acrtrace rules`` lists the rules, ``acrtrace rule EX001`` explains one."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "folder",
    "--markdown",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write a page for each rule, and a table of them, into this folder (docs/rules).",
)
def rules(folder: Path | None) -> None:
    """List the rules by stream, in the order in which they claim a finding."""
    from analyzer.config import Thresholds
    from analyzer.rules.document import index, markdown, span
    from analyzer.rules.load import load

    stated = load()
    if folder is None:
        for each in stated:
            click.echo(f"{each.id}  {each.stream:<12}  {span(each):<19}  {each.title}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(index(stated), encoding="utf-8")
    for each in stated:
        page = folder / f"{each.id}.md"
        page.write_text(markdown(each, Thresholds()), encoding="utf-8")
    click.echo(f"{len(stated) + 1} pages in {folder}")


@click.command()
@click.argument("rule_id", metavar="ID")
@click.option("marked", "--markdown", is_flag=True, help="Print it as docs/rules/ID.md.")
def rule(rule_id: str, marked: bool) -> None:
    """Explain the rule ID: what it reports and why, how severe, what clears it, and its SQL."""
    from analyzer.config import Thresholds
    from analyzer.issues import UsageError
    from analyzer.rules.document import markdown, text
    from analyzer.rules.load import load

    stated = {each.id: each for each in load()}
    found = stated.get(rule_id.upper())
    if found is None:
        raise UsageError(f"no rule {rule_id}; the rules are {', '.join(sorted(stated))}")
    if marked:
        click.echo(markdown(found, Thresholds()), nl=False)
        return
    for line in text(found, Thresholds()):
        click.echo(line)
