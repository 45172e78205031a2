"""Where Windows events in XML begin and end, whatever stands between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.logs.documents import Lost
from analyzer.logs.events import MAX_EVENT, events, holds_events


def _read(*texts: str) -> tuple[list[tuple[int, str]], Lost]:
    lost = Lost()
    found = [
        each
        for numbers, block in events(iter(texts), lost)
        for each in zip(numbers, block, strict=True)
    ]
    return found, lost


def test_lines_and_documents() -> None:
    """One a line, many lines each, inside of <Events>; <EventID> begins no event."""
    text = (
        "<Events>\n<Event a='1'><EventID>3</EventID></Event>\n\n<Event>\n<x/>\n</Event></Events>\n"
    )
    found, lost = _read(text)
    assert found == [(2, "<Event a='1'><EventID>3</EventID></Event>"), (4, "<Event> <x/> </Event>")]
    assert lost.count == 0
    assert holds_events(text)
    assert not holds_events("<Events><EventLog/></Events>")


def test_damage_costs_the_event_that_has_it() -> None:
    """An event that is not closed ends where the next begins; one at the end is counted."""
    found, lost = _read("<Event>1\n<Event>2</Event>\n<Event>3</Event>\n<Event>4")
    assert found == [(2, "<Event>2</Event>"), (3, "<Event>3</Event>")]
    assert (lost.count, lost.first_line) == (2, 1)


def test_an_endless_event_is_bounded() -> None:
    """What is longer than any event is left out; the next one is read."""
    found, lost = _read("<Event>" + "x" * (MAX_EVENT * 3), "x" * MAX_EVENT, "\n<Event>2</Event>")
    assert found == [(2, "<Event>2</Event>")]
    assert lost.count == 1


@given(st.lists(st.integers(0, 80), max_size=8))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    """However the text arrives, the same events are found at the same lines."""
    text = "junk\n<Event a='1'>\n<EventID>3</EventID></Event>\n<Event>\n</Event><Event>cut"
    places = sorted({min(c, len(text)) for c in cuts} | {0, len(text)})
    parts = [text[a:b] for a, b in zip(places, places[1:], strict=False)]
    assert _read(*parts) == _read(text)
    assert len(_read(text)[0]) == 2
