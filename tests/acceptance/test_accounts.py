"""Unique payload, holes and packets of a flow, against an account kept while it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from craft import pcap, run, scenes
from craft.filler import noise
from craft.tcp import (
    EPOCH_NS,
    Account,
    Conversation,
    Host,
    Segment,
    data_indexes,
    delay,
    drop,
    merge_retransmit,
    retransmit,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

Fault = tuple[str, int]

ISNS = st.one_of(
    st.integers(0, 2**32 - 1),
    st.integers(2**32 - 6000, 2**32 - 1),
    st.integers(2**31 - 3000, 2**31),
)
FAULTS = st.lists(
    st.tuples(st.sampled_from(["retransmit", "delay", "drop", "merge"]), st.integers(0, 40)),
    max_size=6,
)
SCRIPTS = st.lists(st.tuples(st.booleans(), st.integers(1, 5000)), min_size=1, max_size=6)

STEP_NS = 100_000


def apply(segments: list[Segment], fault: Fault) -> list[Segment]:
    """One fault on one of the data segments; a fault that does not fit is no fault."""
    kind, number = fault
    mine = data_indexes(segments, number % 2 == 0)
    if len(mine) < 2:
        return segments
    index = mine[number // 2 % len(mine)]
    if kind == "drop":
        # The first and last data segments stay: what nothing brackets is no measurable hole.
        return drop(segments, index) if index not in (mine[0], mine[-1]) else segments
    if kind == "merge":
        following = next((i for i in mine if segments[i].seq == segments[index].end), None)
        if following is None:
            return segments
        return merge_retransmit(segments, index, following, 7 * STEP_NS + 1)
    change: Callable[[list[Segment], int, int], list[Segment]]
    change = retransmit if kind == "retransmit" else delay
    return change(segments, index, 5 * STEP_NS + 3)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    talks=st.lists(st.tuples(ISNS, ISNS, SCRIPTS, FAULTS, st.booleans()), min_size=1, max_size=8)
)
def test_every_byte_is_counted_once(
    talks: list[tuple[int, int, list[tuple[bool, int]], list[Fault], bool]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Resends, overlaps, losses, late segments, keep-alives and wraps, several flows at once."""
    folder: Path = tmp_path_factory.mktemp("accounts")
    packets, expected = [], {}
    for number, (client_isn, server_isn, script, faults, keep_alive) in enumerate(talks):
        client = Host(scenes.agent(number), 40000, client_isn)
        server = Host(scenes.STORE_ADDRESS, 443, server_isn)
        start = EPOCH_NS + number * 1000
        talk = Conversation(client, server, start_ns=start, step_ns=STEP_NS).open()
        for from_client, size in script:
            talk.send(from_client, noise(size, str(size)))
            if keep_alive:
                talk.keep_alive(from_client, garbage=b"\0")
        talk.wait(20 * STEP_NS).close()
        segments = list(talk.segments)
        for fault in faults:
            segments = apply(segments, fault)
        packets.append(talk.packets(segments))
        expected[client.ip] = talk.account(segments)
    path = folder / "x.pcap"
    path.write_bytes(pcap.write_pcap(scenes.merge(*packets), nano=True))
    flows = run.analyze(folder, path).rows("SELECT * FROM flows")
    found = {
        f["orig_ip"]: Account(
            f["orig_bytes"],
            f["resp_bytes"],
            f["orig_missed_bytes"],
            f["missed_bytes"] - f["orig_missed_bytes"],
            expected[f["orig_ip"]].orig_pkts,
            expected[f["orig_ip"]].resp_pkts,
        )
        for f in flows
    }
    assert found == expected
