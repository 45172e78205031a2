"""JSON of any form into records: what is damaged costs itself, and only bounded work."""

from __future__ import annotations

import pytest

from analyzer.logs import documents
from analyzer.logs.documents import Lost, records


def read(text, size=None):
    lost = Lost()
    size = size or max(len(text), 1)
    pieces = (text[at : at + size] for at in range(0, len(text), size))
    return [each for _, block in records(pieces, lost) for each in block], lost.count


@pytest.mark.parametrize("size", [None, 1, 7])
def test_members_beside_the_records_are_no_records(size):
    text = '{"records":[{"a":1},{"b":2}],"count":3,"next":{"x":["y"]}}'
    assert read(text, size) == (['{"a":1}', '{"b":2}'], 0)


def test_a_bare_word_costs_no_record_behind_it():
    assert read('{"b":2}, bad\n{"c":1}') == (['{"b":2}', '{"c":1}'], 1)


def test_a_trailing_comma_is_mended():
    assert read('[{"a":1,},{"b":[2,],}]') == (['{"a":1}', '{"b":[2]}'], 0)


def test_damage_is_looked_at_closely_only_so_long(monkeypatch):
    monkeypatch.setattr(documents, "MAX_LOOKED_AT", 1000)
    found, lost = read('{"a":bad}\n' * 200 + '{"b":1}')
    assert (found, lost) == (['{"b":1}'], 200)


def test_many_members_do_not_copy_the_document_each_time(monkeypatch):
    """Each skipped member once made a new buffer of all that follows."""
    reader = documents._Reader(iter(['[{"x":1},' + '"a":1,' * 1000 + '{"y":2}]']), Lost())
    buffers = set()
    original = documents._Reader._to

    def watched(self, end):
        buffers.add(id(self.buffer))
        original(self, end)

    monkeypatch.setattr(documents._Reader, "_to", watched)
    assert [each for _, block in reader.blocks() for each in block] == ['{"x":1}', '{"y":2}']
    assert len(buffers) < 10


def test_a_number_too_long_to_be_one_costs_its_record():
    assert read('{"b":1}\n{"a":' + "1" * 5000 + '}\n{"c":1}') == (['{"b":1}', '{"c":1}'], 1)
