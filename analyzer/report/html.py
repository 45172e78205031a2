"""The HTML report: one file that loads nothing, runs nothing but its own hashed script, and can be
read with scripts switched off.

Three lines of defence against text from the wire: the template engine escapes markup, `visible`
shows control and direction characters instead of obeying them, and the content security policy
allows exactly the two inline blocks whose hashes it names.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analyzer.report import defang, drawing, figures, meanings
from analyzer.report.declare import command, quoted
from analyzer.report.page import anchor, page
from analyzer.report.queries import case_file, keeps_case, query
from analyzer.report.templates_kept import kept_templates
from analyzer.report.view import View
from analyzer.report.visible import visible
from analyzer.shares import percent

if TYPE_CHECKING:
    from analyzer.result import Result

TEMPLATES = Path(__file__).with_name("templates")


def render_html(result: Result, view: View | None = None) -> str:
    """Returns the page; the same result and view give the same text.

    Args:
        result: The result.
        view: Time zone and severities that are shown; all, in UTC, when None.
    """
    view = view or View()
    listed = view.of(result).findings
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    script = (TEMPLATES / "script.js").read_text(encoding="utf-8")
    # Constants of this package, the only text that is not escaped.
    return (
        _environment(result, view)
        .get_template("report.html")
        .render(
            page=page(result, view.zone, listed),
            result=result,
            policy=policy(style, script),
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            command=command(result),
            case_file=case_file(result),
            kept=keeps_case(result),
        )
    )


def policy(style: str, script: str) -> str:
    """Content security policy that allows these two inline blocks and nothing else."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _environment(result: Result, view: View) -> Environment:
    # optimized=False: constant folding costs more than this one rendering gains from it.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,
        auto_reload=False,
        bytecode_cache=kept_templates(),
    )
    environment.filters.update(
        exact=figures.exact,
        rounded=figures.rounded,
        number=figures.number,
        limit=figures.limit,
        moment=partial(figures.moment, zone=view.zone),
        second=partial(figures.second, zone=view.zone),
        percent=percent,
        ratio=figures.ratio,
        amount=figures.amount,
        outcome=figures.outcome,
        duration=figures.duration,
        anchor=anchor,
        quoted=quoted,
        host=defang.host,
        url=defang.url,
        technique=_technique,
    )
    prose = defang.Prose(defang.names(result))
    environment.globals.update(
        meanings=meanings,
        prose=prose,
        asked=partial(query, result),
        lane_bars=drawing.bars,
        lane_marks=partial(drawing.marks, plain=prose.plain),
    )
    return environment


def _printed(value: Any) -> Any:
    """Every value on its way into the page, before the engine escapes it."""
    if isinstance(value, Markup):
        return value
    if value is None:
        return figures.UNKNOWN
    return visible(value) if isinstance(value, str) else value


def _technique(identifier: str) -> str | None:
    """Page of a MITRE ATT&CK technique, None for anything that is not shaped like an id."""
    if not re.fullmatch(r"T[0-9]{4}(\.[0-9]{3})?", identifier):
        return None
    return f"https://attack.mitre.org/techniques/{identifier.replace('.', '/')}/"
