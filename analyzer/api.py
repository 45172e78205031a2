"""The pipeline as code: inputs -> tables -> case -> rules -> result.

    settings = Settings(inputs=("capture.pcap",), inventories=(Path("endpoints.json"),))
    result = analyze(settings)

Everything a run needs is in ``Settings``; everything it found is in ``Result``. No network is used.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from analyzer import __version__
from analyzer.capture.extract import extract
from analyzer.case.asked import asked
from analyzer.case.batches import Batches
from analyzer.case.build import derive, open_case
from analyzer.case.store import store_inputs, store_issues
from analyzer.case.window import clip, last_ns
from analyzer.endpoints.inventory import Inventory
from analyzer.endpoints.policy import claimed_twice
from analyzer.evidence.filters import bpf, recount
from analyzer.evidence.kql import queries
from analyzer.evidence.lines import reprint
from analyzer.inputs.discover import discover
from analyzer.issues import UsageError
from analyzer.rules.assemble import evaluate
from analyzer.rules.expected import Expected
from analyzer.rules.load import load
from analyzer.rules.proof import Commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analyzer.case.build import Case
    from analyzer.config import Settings
    from analyzer.inputs.sniff import Format, Stranger
    from analyzer.issues import Issue
    from analyzer.logs.format import LogFormat
    from analyzer.result import Result
    from analyzer.rules.load import Rule

    Progress = Callable[[int, int | None], None]


def analyze(
    settings: Settings,
    progress: Progress | None = None,
    notice: Callable[[str], None] | None = None,
) -> Result:
    """Analyses the inputs and judges what was found.

    Args:
        settings: What to do.
        progress: Told stored bytes read so far, and how many there are (None when not known).
        notice: Told lines for the user that are no result: that kernels are being compiled.

    Raises:
        UsageError: An inventory, configuration, catalogue, case path or rule is wrong, or the
            chosen engine is not installed.
    """
    with judged_case(settings, progress, notice) as (_, result):
        return result


@contextmanager
def judged_case(
    settings: Settings,
    progress: Progress | None = None,
    notice: Callable[[str], None] | None = None,
) -> Iterator[tuple[Case, Result]]:
    """As `analyze`, and the tables that the result was judged by, for as long as the block runs.

    Raises:
        UsageError: As `analyze`.
    """
    inventory = load_inventory(settings)
    rules = _rules(settings)
    with _built(settings, inventory, progress, notice) as (case, statements):
        yield (
            case,
            evaluate(
                case.connection,
                settings=settings,
                inventory_infos=inventory.sources,
                catalogue_version=inventory.catalogue.version,
                tool_version=__version__,
                commands=Commands(recount, reprint, bpf, queries),
                expected=Expected(
                    (*settings.resolvers, *inventory.resolvers),
                    (*settings.allows, *inventory.allows),
                    inventory.catalogue.quiet,
                ),
                rules=rules,
                asked=[each.detail for each in statements],
            ),
        )


def _rules(settings: Settings) -> list[Rule] | None:
    """The rules that run; None for the built-in ones."""
    from analyzer.endpoints.project_file import read_project_file
    from analyzer.rules.chosen import chosen

    rules = None
    if settings.rules_dir is not None:
        from analyzer.rules.custom import stated

        rules = stated(settings.rules_dir, settings.thresholds, settings.rule_seconds)
    if not settings.rules_off:
        return rules
    project = read_project_file(settings.config_file)
    return chosen(
        load() if rules is None else rules,
        (rule for rule, _ in settings.rules_off),
        {
            **{
                name: where
                for (parameter, name), where in settings.origins.items()
                if parameter == "rules_off"
            },
            **{rule: f"{project.place_of_off(rule)}: [rules]" for rule, _ in project.rules_off},
        },
    )


@contextmanager
def build_case(
    settings: Settings,
    progress: Progress | None = None,
    notice: Callable[[str], None] | None = None,
) -> Iterator[Case]:
    """The tables alone, for whoever queries them through ``case.connection`` (DuckDB).

    Raises:
        UsageError: As `analyze`.
    """
    with _built(settings, load_inventory(settings), progress, notice) as (case, _):
        yield case


def load_inventory(settings: Settings) -> Inventory:
    """What is declared as ours, approved or denied, in the terms of the endpoint catalogue.

    Raises:
        UsageError: A declaration is wrong, or two agents have one network.
    """
    inventory = Inventory.load(
        settings.inventories,
        settings.own,
        settings.approve,
        settings.config_file,
        origins=settings.origins,
    )
    clash = claimed_twice((*settings.agents, *inventory.agents))
    if clash is not None:
        raise UsageError(clash)
    return inventory


def check(settings: Settings) -> None:
    """Refuses what `analyze` would refuse before it reads an input, and reads none.

    Raises:
        UsageError: An inventory, configuration, catalogue, rule or log format is wrong.
    """
    load_inventory(settings)
    _rules(settings)
    _log_formats(settings)


def _log_formats(settings: Settings) -> dict[str, LogFormat] | None:
    """The formats of logs where a setting names one; None leaves it to their content.

    They take a moment to import, and captures alone have no use for them.
    """
    if not settings.log_maps and settings.squid_logformat is None and settings.log_format is None:
        return None
    from analyzer.logs.extract import log_formats

    return log_formats(settings.log_maps, settings.squid_logformat, settings.log_format)


@contextmanager
def _built(
    settings: Settings,
    inventory: Inventory,
    progress: Progress | None,
    notice: Callable[[str], None] | None,
) -> Iterator[tuple[Case, list[Issue]]]:
    """Reads every input into a case and derives its judged tables; says what was asked for."""
    scanned = 0

    def scan(done: int) -> None:
        nonlocal scanned
        scanned = done
        if progress is not None:
            progress(done, None)

    formats = _log_formats(settings)

    def texts(head: bytes) -> Format | Stranger | None:
        from analyzer.logs.recognise import recognise_log

        return recognise_log(head, settings.log_format, formats)

    specs, found = discover(settings.inputs, scan, texts)
    captures = [spec for spec in specs if not spec.is_log]
    logs = [spec for spec in specs if spec.is_log]
    sizes = [spec.size for spec in specs]
    total = None if None in sizes else scanned + sum(size or 0 for size in sizes)
    with open_case(settings.case_path, force=settings.force) as case:
        batches = Batches(case)
        reports, issues = extract(
            captures,
            batches.append,
            _tick(progress, scanned, total),
            notice,
            digest=settings.hash_inputs,
            threads=settings.threads,
            engine=settings.engine,
            keylog=settings.keylog,
        )
        batches.flush()
        rows: list[dict[str, Any]] = []
        log_issues: list[Issue] = []
        if logs:
            from analyzer.logs.extract import LogOptions, extract_logs

            rows, log_issues = extract_logs(
                logs,
                case.connection,
                len(reports),
                _tick(progress, scanned + sum(report.bytes for report in reports), total),
                digest=settings.hash_inputs,
                options=LogOptions(formats, settings.log_timezone, settings.log_year),
            )
        store_inputs(case, [*(asdict(report) for report in reports), *rows])
        outside = clip(case.connection, settings.from_ns, settings.to_ns)
        last = last_ns(case.connection)
        statements = asked(settings, outside, inventory.lapse(last), last)
        store_issues(
            case,
            [*(replace(i, input_id=None) for i in found), *issues, *log_issues, *statements],
        )
        derive(case, catalogue=inventory.catalogue, inventory=inventory, settings=settings)
        yield case, statements


def _tick(
    progress: Progress | None, before: int, total: int | None
) -> Callable[[int], None] | None:
    """Progress of one reader, counted on from what was read before it."""
    return None if progress is None else lambda done: progress(before + done, total)
