"""Display filter of a conversation, and the command that recounts what its originator sent.

Only addresses, ports, numbers and quoted file names enter a filter or a command. Host names come
from the wire and stay out: a name like ``x" || tcp`` would otherwise rewrite the filter.

The TCP recount does not trust a packet's length sum: retransmissions, overlaps and packets that a
capture on every interface holds twice would count again. It adds up the union of the sequence
ranges instead (RFC 9293 section 3.4: sequence numbers are modulo 2^32; the SYN takes one).
"""

from __future__ import annotations

import ipaddress
import shlex
from functools import lru_cache
from typing import TYPE_CHECKING

from analyzer.shell_words import shell_word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Socket = tuple[str, int]

# Column 1: raw sequence number, 2: payload length, 3: SYN. `m` is 2^32. Each segment's distance
# from the last one, taken modulo 2^32 into -2^31..2^31-1, unfolds the number space past a wrap.
_UNFOLD = (
    'awk \'BEGIN{m=4294967296} {s=$1+($3=="1"||$3=="True"); if(NR==1){p=s;u=s} '
    'd=(s-p)%m; if(d<0)d+=m; if(d>=m/2)d-=m; u+=d; p=s; printf "%.0f %.0f\\n",u,u+$2}\''
)
_UNION = "awk 'NR==1{e=$1} {if($1>e)e=$1; if($2>e){n+=$2-e; e=$2}} END{printf \"%.0f\\n\",n}'"
# A UDP length has the 8 bytes of its header in it (RFC 768).
_SUM = "awk '{n+=$1-8} END{printf \"%.0f\\n\",n}'"
# The same datagram again within 10 ms is the other interface's copy.
_SUM_ONCE = (
    'awk \'{k=$2" "$3" "$1} (k in t)&&$4-t[k]<=0.01{next} {t[k]=$4; n+=$1-8} '
    'END{printf "%.0f\\n",n}\''
)
STDIN = "-"
LINUX_VXLAN = ("-d", "udp.port==8472,vxlan")
"""The port that Linux uses for VXLAN unless told otherwise; tshark takes it for OTV."""


def recount(
    *,
    proto: str,
    orig: Socket,
    resp: Socket,
    window: tuple[int, int] | None,
    duplicates: bool,
    tunnelled: bool = False,
    paths: Sequence[str],
    extracts: Mapping[str, str] | None = None,
) -> tuple[str, str | None]:
    """The display filter of one conversation and the recount of its originator's payload.

    Args:
        proto: 'tcp' or 'udp'.
        window: First and last packet time (ns) when the same ports were used again, else None.
        duplicates: The capture holds packets twice.
        tunnelled: The conversation is inside a tunnel.
        paths: Inputs that hold the conversation, in order; ``-`` for one that cannot be read again.
        extracts: Commands that print an input's capture where tshark cannot open its path.

    Returns:
        The filter, and a shell command (for bash, where several inputs take part) that prints one
        number; None for the command when an input cannot be read again.
    """
    during = _during(window)
    both = f"({_one_way(proto, orig, resp)}) || ({_one_way(proto, resp, orig)})"
    shown = f"({both}){during}" if during else both
    if not paths or STDIN in paths:
        return shown, None
    # A packet quoted inside an ICMP error has the same addresses and ports. A filter's field is any
    # header's of a packet, outer or inner, so it needs to know nothing of tunnels.
    sent = f"{_one_way(proto, orig, resp)}{during} && !icmp && !icmpv6"
    return shown, _command(
        proto,
        sent,
        _read(paths, extracts or {}),
        duplicates=duplicates,
        innermost=duplicates or tunnelled,
        more=LINUX_VXLAN if tunnelled else (),
    )


def bpf(proto: str, orig: Socket, resp: Socket) -> str:
    """A capture filter (pcap-filter) of both directions, plain and behind a VLAN tag.

    It knows neither time nor what is inside a tunnel, and of a fragmented datagram it shows only
    the fragment with the ports.
    """
    both = f"({_bpf_way(proto, orig, resp)}) or ({_bpf_way(proto, resp, orig)})"
    return f"({both}) or (vlan and ({both}))"


def _bpf_way(proto: str, source: Socket, target: Socket) -> str:
    kind = "tcp" if proto == "tcp" else "udp"
    a, b = _address(source[0]), _address(target[0])
    return (
        f"src host {a} and {kind} src port {int(source[1])} and "
        f"dst host {b} and {kind} dst port {int(target[1])}"
    )


def _command(
    proto: str, sent: str, read: str, *, duplicates: bool, innermost: bool, more: Sequence[str]
) -> str:
    if proto == "tcp":
        fields = ["tcp.seq_raw", "tcp.len", "tcp.flags.syn"]
        sent += " && tcp.len > 0 && !tcp.analysis.keep_alive"
        count = f"{_UNFOLD} | sort -n | {_UNION}"
    elif duplicates:
        fields = ["udp.length", "ip.id", "udp.checksum", "frame.time_epoch"]
        count = _SUM_ONCE
    else:
        fields = ["udp.length"]
        count = _SUM
    # Of two UDP headers in a packet, a tunnel's and its passenger's, the last one is meant.
    which = "occurrence=l" if innermost else "occurrence=f"
    words = ["-n", *more, "-Y", sent, "-T", "fields", "-E", which]
    for field in fields:
        words += ["-e", field]
    return f"{read} {shlex.join(words)} | {count}"


def _read(paths: Sequence[str], extracts: Mapping[str, str]) -> str:
    """Reads one input, or several merged by time."""
    if len(paths) == 1 and paths[0] in extracts:
        return f"{extracts[paths[0]]} | tshark -r -"
    # A name like -w would be an option; behind ./ it is a file again.
    safe = [f"./{path}" if path.startswith("-") else path for path in paths]
    if len(safe) == 1:
        return f"tshark -r {shell_word(safe[0])}"
    merged = " ".join(
        f"<({extracts[path]})" if path in extracts else shell_word(file)
        for path, file in zip(paths, safe, strict=True)
    )
    return f"mergecap -w - {merged} | tshark -r -"


def _one_way(proto: str, source: Socket, target: Socket) -> str:
    """Packets from one socket to the other."""
    kind = "tcp" if proto == "tcp" else "udp"
    a, b = _address(source[0]), _address(target[0])
    family = "ipv6" if ":" in a else "ip"
    return (
        f"{family}.src == {a} && {kind}.srcport == {int(source[1])} && "
        f"{family}.dst == {b} && {kind}.dstport == {int(target[1])}"
    )


@lru_cache(maxsize=4096)
def _address(text: str) -> str:
    """An address without a zone: behind ``%`` `ipaddress` takes any text, also a filter's end.

    The commands of one conversation name each of its addresses a dozen times.
    """
    if "%" in text:
        raise ValueError(f"an address with a zone: {text!r}")
    return str(ipaddress.ip_address(text))


def _during(window: tuple[int, int] | None) -> str:
    if window is None:
        return ""
    start, end = (f"{ns // 10**9}.{ns % 10**9:09d}" for ns in window)
    return f" && frame.time_epoch >= {start} && frame.time_epoch <= {end}"
