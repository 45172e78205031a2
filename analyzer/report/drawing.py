"""The lanes of the timeline as SVG, drawn by pygal.

pygal places and scales; what it would bring along (a style sheet, a script, texts for its pop-ups,
the date) is taken out, because the page has one style sheet for screen, dark and paper and a policy
that allows nothing else. A drawing is 100 units wide and its widths are written as percents, so it
fills any screen while its texts and marks keep their size.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from analyzer.report.page import anchor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from xml.etree.ElementTree import Element

    from analyzer.report.lanes import Lane, Mark, Timeline

HEIGHT = 58
"""Height of a lane, pixels."""
AXIS = 20
"""Room for the times below the last lane, pixels."""
_HEAD_ROOM = 1.5
"""Height of a lane in the height of its highest bar: marks stand above the bars."""
_MARK_RADIUS = 11
_WIDTH = 100
_XLINK = "{http://www.w3.org/1999/xlink}href"


def bars(timeline: Timeline, lane: Lane, times: bool) -> Markup:
    """The bars of a lane over their grid.

    Args:
        timeline: What is drawn.
        lane: Which lane of it.
        times: Whether the times of the axis stand below.
    """
    from pygal import Histogram

    chart = Histogram(
        **_options("bars", HEIGHT + (AXIS if times else 0)),
        margin_bottom=AXIS if times else 0,
        range=(0, timeline.top * _HEAD_ROOM),
        x_labels=[
            {"value": tick.place, "label": tick.label if times else ""} for tick in timeline.ticks
        ],
        y_labels=[
            {"value": 0, "label": ""},
            *({"value": level.place, "label": level.label} for level in timeline.levels),
        ],
        show_x_guides=True,
    )
    # A bar without height, so that all lanes have the same axis.
    chart.add("", [(None, 0, 1), *((bar.height, bar.start, bar.end) for bar in lane.bars)])
    return _drawn(chart)


def marks(found: Sequence[Mark], plain: Callable[[str], str], name: str) -> Markup:
    """The findings of a lane, each a link; as wide and high as the bars, to be laid over them.

    Args:
        found: Marks of the lane.
        plain: Makes text from the wire fit for an attribute.
        name: Class of the drawing beside `marks`: the widths of screen that show it.
    """
    from pygal import XY

    chart = XY(
        **_options(f"marks {name}", HEIGHT),
        range=(0, 1),
        xrange=(0, 1),
        show_x_labels=False,
        show_y_labels=False,
        stroke=False,
        dots_size=_MARK_RADIUS,
        print_labels=True,
    )
    chart.add("", [_dot(mark, plain) for mark in found])
    return _drawn(chart)


def _dot(mark: Mark, plain: Callable[[str], str]) -> dict[str, Any]:
    finding = mark.finding
    found = (
        f"1 finding, {finding.severity}"
        if mark.count == 1
        else f"{mark.count:,} findings begin here or close by, the worst {finding.severity}"
    )
    said = f"{found}: {plain(finding.agent)} to {plain(finding.endpoint or 'an address')}"
    return {
        "value": (mark.place, 1 - (_MARK_RADIUS + 2) / HEIGHT),
        "label": f"{mark.count:,}",
        "tooltip": said,
        "xlink": {
            "href": f"#{anchor(finding.id)}",
            "class": f"mark {finding.severity}",
            "aria-label": said,
        },
    }


def _options(name: str, height: int) -> dict[str, Any]:
    from pygal.style import Style

    return {
        "width": _WIDTH,
        "height": height,
        "classes": (name,),
        # No room of its own for texts: their size is the style sheet's.
        "style": Style(label_font_size=0, value_font_size=0),
        "margin": 0,
        "spacing": 0,
        "truncate_label": -1,
        "no_data_text": "",
        "show_legend": False,
        "no_prefix": True,
        "css": (),
        "js": (),
    }


def _drawn(chart: Any) -> Markup:
    from pygal.etree import etree

    # lxml, where it happens to be installed, would write the same drawing in other bytes.
    etree.to_etree()
    chart.add_xml_filter(_inline)
    # pygal escapes what it is given; the rest is numbers.
    return Markup(chart.render(disable_xml_declaration=True))  # noqa: S704


def _inline(root: Element) -> Element:
    """The drawing as a part of the page, which has a style sheet and scripts of its own."""
    drawing = root.makeelement("svg", {"class": root.attrib["class"]})
    drawing.extend(_shapes(root, ""))
    if drawing.get("class") == "bars":
        # The name of the lane stands beside its sum, and the table holds every bar.
        drawing.set("aria-hidden", "true")
    return drawing


def _shapes(node: Element, axis: str) -> Iterator[Element]:
    """Bars, grid, texts and marks, without the groups around them."""
    for child in node:
        names = child.get("class", "").split()
        if child.tag == "g":
            yield from _shapes(child, next((n for n in names if n in ("x", "y")), axis))
        elif child.tag == "a":
            child.set("href", child.attrib.pop(_XLINK))
            child[:] = [_sized(part, "") for part in child if part.tag in ("circle", "title")]
            yield child
        elif child.tag == "path":
            yield _line(child, axis)
        elif (child.tag == "rect" and not {"background", "tooltip-box"} & set(names)) or (
            child.tag == "text" and child.text
        ):
            yield _sized(child, axis)


def _sized(node: Element, name: str) -> Element:
    """A shape with its widths as percents and its heights as pixels."""
    sizes = {"class": name} if name else {}
    for key, write in _SIZES:
        if key in node.attrib:
            sizes[key] = write(node.attrib[key])
    if name == "y":
        del sizes["x"]  # to the left of everything: the style sheet says how far
    shape = node.makeelement(node.tag, sizes)
    shape.text = node.text
    return shape


def _line(path: Element, name: str) -> Element:
    """A straight line of the grid; a path knows no percents."""
    parts = re.fullmatch(r"M(\S+) (\S+) ([vh])(\S+)", path.attrib["d"])
    assert parts is not None, path.attrib["d"]
    x, y, length = (float(parts[n]) for n in (1, 2, 4))
    right, low = (x + length, y) if parts[3] == "h" else (x, y + length)
    ends = {"x1": _percent(x), "y1": _pixels(y), "x2": _percent(right), "y2": _pixels(low)}
    return path.makeelement("line", {"class": name} | ends)


def _percent(number: str | float) -> str:
    return f"{float(number):.2f}".rstrip("0").rstrip(".") + "%"


def _pixels(number: str | float) -> str:
    return f"{float(number):.1f}".rstrip("0").rstrip(".")


_SIZES = (
    *((key, _percent) for key in ("x", "cx", "width")),
    *((key, _pixels) for key in ("y", "cy", "height", "r")),
)
