"""``acrtrace rules`` lists the rules, ``acrtrace rule EX001`` explains one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli import offered
from analyzer.cli.layers import limit_origin
from analyzer.cli.options import settings_options
from analyzer.cli.setting import project_of

if TYPE_CHECKING:
    from analyzer.rules.load import Rule

_own = click.option(
    "rules_dir",
    "--rules",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Rules of your own beside the built-in ones, checked as analyze --rules does.",
)


def _stated(rules_dir: Path | None) -> list[Rule]:
    """All rules in their stated order, those of a folder bound to an empty case."""
    from analyzer.config import Thresholds

    if rules_dir is None:
        from analyzer.rules.load import load

        return load()
    from analyzer.rules.custom import stated

    return stated(rules_dir, Thresholds())


@click.command()
@click.option(
    "folder",
    "--markdown",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write a page for each rule, and a table of them, into this folder (docs/rules).",
)
@_own
def rules(folder: Path | None, rules_dir: Path | None) -> None:
    """List the rules by stream, in the order in which they claim a finding."""
    from analyzer.config import Thresholds
    from analyzer.inputs.spec import printable
    from analyzer.rules.document import index, markdown, span

    stated = _stated(rules_dir)
    if folder is None:
        for each in stated:
            place = "" if each.built_in else f" ({printable(str(each.path))})"
            click.echo(f"{each.id}  {each.stream:<12}  {span(each):<19}  {each.title}{place}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(index(stated), encoding="utf-8")
    for each in stated:
        page = folder / f"{each.id}.md"
        page.write_text(markdown(each, Thresholds()), encoding="utf-8")
    click.echo(f"{len(stated) + 1} pages in {folder}")


@click.command()
@click.argument("rule_id", metavar="ID", shell_complete=offered.rule_ids)
@click.option(
    "marked",
    "--markdown",
    is_flag=True,
    help="Print it as docs/rules/ID.md: with the default limits.",
)
@_own
@settings_options(only=("thresholds", "config"))
@click.pass_context
def rule(
    ctx: click.Context, /, rule_id: str, marked: bool, rules_dir: Path | None, **options: object
) -> None:
    """Explain the rule ID: what it reports and why, how severe, what clears it, and its SQL.

    Limits are those that analyze would use here; of one that is not the default is said where it
    is set.
    """
    from analyzer.config import Thresholds, thresholds_with
    from analyzer.issues import UsageError
    from analyzer.rules.document import markdown, text

    del options  # the context has them

    stated = {each.id: each for each in _stated(rules_dir)}
    found = stated.get(rule_id.upper())
    if found is None:
        raise UsageError(f"no rule {rule_id}; the rules are {', '.join(sorted(stated))}")
    if marked:
        click.echo(markdown(found, Thresholds()), nl=False)
        return
    given = {**project_of(ctx).thresholds, **ctx.params["thresholds"]}
    option = next(each for each in ctx.command.params if each.name == "thresholds")
    where = {name: limit_origin(ctx, option, name) for name in given}
    for line in text(found, thresholds_with(given), where):
        click.echo(line)
