"""The pipeline as code: inputs -> tables -> case -> rules -> result.

    settings = Settings(inputs=("capture.pcap",), inventories=(Path("endpoints.json"),))
    result = analyze(settings)

Everything a run needs is in ``Settings``; everything it found is in ``Result``. No network is used.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from analyzer import __version__
from analyzer.capture.extract import extract
from analyzer.case.batches import Batches
from analyzer.case.build import derive, open_case
from analyzer.case.store import store_inputs, store_issues
from analyzer.endpoints.inventory import Inventory
from analyzer.evidence.filters import recount
from analyzer.inputs.discover import discover
from analyzer.rules.assemble import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analyzer.case.build import Case
    from analyzer.config import Settings
    from analyzer.result import Result

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
        UsageError: An inventory, configuration, catalogue or case path is wrong, or the chosen
            engine is not installed.
    """
    inventory = load_inventory(settings)
    with _built(settings, inventory, progress, notice) as case:
        return evaluate(
            case.connection,
            settings=settings,
            inventory_infos=inventory.sources,
            catalogue_version=inventory.catalogue.version,
            tool_version=__version__,
            recount=recount,
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
    with _built(settings, load_inventory(settings), progress, notice) as case:
        yield case


def load_inventory(settings: Settings) -> Inventory:
    """What is declared as ours, approved or denied, in the terms of the endpoint catalogue."""
    return Inventory.load(
        settings.inventories, settings.own, settings.approve, settings.config_file
    )


@contextmanager
def _built(
    settings: Settings,
    inventory: Inventory,
    progress: Progress | None,
    notice: Callable[[str], None] | None,
) -> Iterator[Case]:
    """Reads every input into a case and derives its judged tables."""
    scanned = 0

    def scan(done: int) -> None:
        nonlocal scanned
        scanned = done
        if progress is not None:
            progress(done, None)

    specs, found = discover(settings.inputs, scan)
    sizes = [spec.size for spec in specs]
    total = None if None in sizes else scanned + sum(size or 0 for size in sizes)
    with open_case(settings.case_path, force=settings.force) as case:
        tick = (lambda done: progress(scanned + done, total)) if progress is not None else None
        batches = Batches(case)
        reports, issues = extract(
            specs,
            batches.append,
            tick,
            notice,
            digest=settings.hash_inputs,
            threads=settings.threads,
            engine=settings.engine,
            keylog=settings.keylog,
        )
        batches.flush()
        store_inputs(case, [asdict(report) for report in reports])
        store_issues(case, [*(replace(i, input_id=None) for i in found), *issues])
        derive(case, catalogue=inventory.catalogue, inventory=inventory, settings=settings)
        yield case
