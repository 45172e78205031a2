"""Columns of the arrays that the kernels share: one place, so that no index is a bare number.

Everything is int64. ``X_*`` is a packet register, ``R_*`` the reader's state of one input,
``G_*`` the engine's state, ``F_*`` a flow's row, ``D_*`` the part of that row that exists once
per wire side (index ``D0 + side * DW + D_*``), ``S_*`` a slot of the head pool, ``C_*`` a
candidate.
"""

from __future__ import annotations

# --- codes that kernels return ------------------------------------------------------------------
NEED_MORE, OK, SKIP, BLOCK, BAD = 0, 1, 2, 3, -1
WALK_MORE, WALK_LIMIT, WALK_FLUSH, WALK_GROW, WALK_BLOCK, WALK_BAD = 0, 1, 2, 3, 4, -1
WALK_ASIDE = 5  # a fragment or an aggregate: for the driver, behind the packet's accounting
# Why the quick way to the transport header ended, where that is no issue (those are -1 - Q_*).
BY_TYPE, BY_LINK, BY_PROTOCOL, FRAGMENT, AGGREGATE = -101, -102, -103, -104, -105

FOREVER = (1 << 63) - 1  # a time that no packet has

# --- packet registers ---------------------------------------------------------------------------
X_TS, X_OFF, X_CAP, X_WIRE, X_LINK, X_IF, X_NEXT = 0, 1, 2, 3, 4, 5, 6
X_SRC_HI, X_SRC_LO, X_DST_HI, X_DST_LO, X_VERSION, X_PROTO = 7, 8, 9, 10, 11, 12
X_L4, X_L4_LEN, X_CAP_END, X_IP_ID = 13, 14, 15, 16
X_SPORT, X_DPORT, X_PKT, X_INPUT = 17, 18, 19, 20
X_WIRE_END, X_ENCAP, X_OUTER, X_LAYER, X_TYPE, X_AT = 24, 25, 26, 27, 28, 29
X_OUT_SRC_HI, X_OUT_SRC_LO, X_OUT_DST_HI, X_OUT_DST_LO = 30, 31, 32, 33
X_SIZE = 40

# --- what stands at an offset, on the way from the link layer to the transport header ------------
(
    AT_LINK,
    AT_ETHERNET,
    AT_TYPE,
    AT_IP,
    AT_PROTOCOL,
    AT_UDP,
    AT_PPP,
    AT_GRE,
    AT_WIFI,
    AT_NSH,
) = range(10)
LINK_ASIDE = 0x10000  # our own records (aside.py): no file can name a link type this large

# --- reader state of one input ------------------------------------------------------------------
R_FORMAT, R_BIG, R_TICK, R_LINK, R_PKT = 0, 1, 2, 3, 5
R_POS, R_END, R_BASE, R_INPUT, R_NIF, R_SKIP = 6, 7, 8, 9, 10, 11
R_FIRST, R_LAST, R_SNAPPED, R_HEAD_TS, R_SEEN, R_PREV_TS = 12, 13, 14, 15, 16, 17
R_BLOCK, R_SECTION, R_HEAD = 18, 19, 20
R_SIZE = 24
FORMAT_PCAP, FORMAT_PCAPNG = 1, 2

I_LINK, I_RESOL, I_OFFSET, I_SNAP = 0, 1, 2, 3
I_SIZE = 4
MAX_INTERFACES = 1024
MAX_CAPTURED = 262144
BLOCK_NRB, BLOCK_ISB, BLOCK_DSB = 4, 5, 10  # pcapng blocks that speak about the capture

# --- engine state -------------------------------------------------------------------------------
G_SEED, G_MASK, G_FREE, G_ROWS, G_DONE, G_SERIAL = 0, 1, 2, 3, 4, 5
G_CAND, G_ARENA, G_OPEN, G_FREE_SLOT, G_CLOCK = 6, 7, 8, 9, 10
G_HOLE_CAP, G_HEAD_CAP, G_HEAD_EVICTED, G_DNS_LONG, G_FLOW_CAP = 11, 12, 13, 14, 17
G_SHARES, G_SHARE = 20, 21
G_HTTP_LOST = 23
G_SIZE = 24

# --- flow row -----------------------------------------------------------------------------------
# Ordered by use: a packet touches the first two cache lines and the two of each side; what only a
# turn's end, a new flow or a hole needs lies behind. Rows are aligned to cache lines.
F_HASH, F_KEY, F_A_LO, F_B_LO, F_A_HI, F_B_HI, F_LAST, F_FLAGS = 0, 1, 2, 3, 4, 5, 6, 7
F_ORIENT, F_LAST_PKT, T_UP, T_DOWN, T_LAST, T_BURST, T_POST, T_APP = 8, 9, 10, 11, 12, 13, 14, 15
D0 = 16
D_NEXT, D_PKTS, D_BYTES, D_ACK, D_SIG, D_SIG_TS, D_SIG_IF, D_HOME = 0, 1, 2, 3, 4, 5, 6, 7
D_SLOT, D_REC, D_HAVE, D_HTTP, D_BASE, D_HOLES, D_HDR, D_RECS = 8, 9, 10, 11, 12, 13, 14, 15
DW = 16
D_LOST = 32  # once per side, too: columns 48 and 64
T_REC1, F_START, F_ID, F_INPUT, F_FIRST_PKT, F_WHY, F_DUPES = 49, 50, 51, 52, 53, 54, 55
F_OVERHEAD, F_APP = 56, 62  # F_APP + side: 62 and 63
N_TURNS, N_UP, B_UP, A_UP, B_LARGE = 66, 67, 68, 69, 70
N_WIDE, B_WIDE, N_DRIP, B_DRIP, A_SMALL = 71, 72, 73, 74, 75
N_16, B_16, A_16, N_32, B_32, A_32, N_64, B_64, A_64 = 76, 77, 78, 79, 80, 81, 82, 83, 84
F_HIST = 85  # 4 columns of four 15-bit counters: turns below 16 KiB by half octave
F_SIZE = 104
# HTTP messages (messages.py): requests that wait for their answer, announced body of the current
# request; once per side (W_* + side) what is due at D_HTTP and how much of a body lies behind it
F_ASKED, F_BODY, W_MODE, W_LEFT = 96, 97, 98, 100
F_ENCAP, F_OUT_A_HI, F_OUT_A_LO, F_OUT_B_HI, F_OUT_B_LO = 57, 58, 59, 60, 61

FL_SYN_A, FL_SYN_B, FL_FIN_A, FL_FIN_B, FL_RST = 1, 2, 4, 8, 16
FL_TLS, FL_APPDATA, FL_HTTP, FL_SSH, FL_DNS, FL_MIDTLS = 32, 64, 128, 256, 512, 1024
FL_QUIC, FL_GQUIC = 1 << 16, 1 << 17
# QUIC's own use of columns that only TCP needs otherwise, once per side: Initials handed on, length
# of the connection id it chose, handshake bytes sent, bytes of acknowledgements it may send.
D_Q_INITIALS, D_Q_CID, D_Q_SHAKE, D_Q_CREDIT = D_HAVE, D_RECS, D_BASE, D_HTTP
FL_REOPENED = 1 << 20

# why the originator is the originator, strongest first
WHY_SYN, WHY_HELLO, WHY_HTTP, WHY_PORT, WHY_PRIVATE, WHY_FIRST = 1, 2, 3, 4, 5, 6
WHY_TEXT = {1: "syn", 2: "hello", 3: "http", 4: "port", 5: "private", 6: "first"}

HOLES = 8
SEQ_NONE = -1
REC_OFF, REC_LOST = -1, -2

# --- head pool ----------------------------------------------------------------------------------
S_FLOW, S_SIDE, S_BASE, S_KIND, S_CUT, S_TS, S_NEXT_FREE, S_SCAN = 0, 1, 2, 3, 4, 5, 6, 7
S_SIZE = 8
SLOT_BYTES = 16384
KIND_UNKNOWN, KIND_TLS, KIND_HTTP, KIND_DNS = 0, 1, 2, 3
KIND_FLIGHT, KIND_ALERT = 4, 5
KIND_RESPONSE, KIND_SOCKS, KIND_PROXY = 10, 11, 12
# W_MODE: one of these kinds, known by their place alone, or a mode
KIND_SKIP, KIND_CHUNK, KIND_TRAILER, KIND_H2 = 20, 21, 22, 23
MODE_FREE, MODE_WAIT, MODE_REFUSED, MODE_RAW, MODE_LOST = range(5)

# --- candidates ---------------------------------------------------------------------------------
C_KIND, C_OFF, C_LEN, C_FLOW, C_TS, C_PKT, C_INPUT = 0, 1, 2, 3, 4, 5, 6
C_SRC_HI, C_SRC_LO, C_DST_HI, C_DST_LO, C_PORTS, C_VERSION, C_CUT = 7, 8, 9, 10, 11, 12, 13
C_BODY, C_CODE = 14, 15  # HTTP: body announced before this head, and H_* or A_*
C_PLACE = 16  # QUIC: twice the row of the flow, plus the wire side that sent it
C_SIZE = 17
CAND_TLS, CAND_HTTP, CAND_DNS_UDP, CAND_DNS_TCP = 1, 2, 3, 4
CAND_RESPONSE, CAND_SOCKS, CAND_PROXY, CAND_H2_UP, CAND_H2_DOWN = 10, 11, 12, 13, 14
H_CHUNKED, H_AMBIGUOUS, H_LENGTH, H_EXPECT, H_H2C, H_FOUND = 1, 2, 4, 8, 16, 32
A_NONE, A_OTHER, A_HEAD, A_CONNECT, A_UNSEEN, A_FOUND = 0, 1, 2, 3, 4, 8
CAND_QUIC = 8
CAND_FLIGHT, CAND_ALERT = 31, 32
CAND_ROWS = 16384
CAND_SPARE = 6000  # one packet can complete this many messages
ARENA_BYTES = 4 << 20
ARENA_SPARE = 192 << 10

# --- issues that the walk counts, per input -----------------------------------------------------
ISSUE_CODES = (
    "cut-record",
    "record-length",
    "block-length",
    "block-trailer",
    "unknown-interface",
    "interface-cap",
    "packet-beyond-block",
    "no-timestamp",
    "unknown-link-type",
    "wire-length-below-captured",
    "cut-link-header",
    "not-ip",
    "mpls",
    "pppoe",
    "cut-ip-header",
    "bad-ip-header",
    "ip-length-beyond-frame",
    "ip-protocol",
    "ip-tunnel",
    "udp-tunnel",
    "ipv6-header-chain",
    "cut-transport-header",
    "bad-tcp-header",
    "bad-udp-length",
    "kernel-fault",
    "tunnel-depth",
    "esp",
    "wireguard",
    "wifi-encrypted",
    "wifi-fragment",
    "macsec",
    "ppp-encoded",
)
(
    Q_CUT_RECORD,
    Q_RECORD_LENGTH,
    Q_BLOCK_LENGTH,
    Q_BLOCK_TRAILER,
    Q_UNKNOWN_INTERFACE,
    Q_INTERFACE_CAP,
    Q_PACKET_BEYOND_BLOCK,
    Q_NO_TIMESTAMP,
    Q_UNKNOWN_LINK,
    Q_WIRE_BELOW,
    Q_CUT_LINK,
    Q_NOT_IP,
    Q_MPLS,
    Q_PPPOE,
    Q_CUT_IP,
    Q_BAD_IP,
    Q_IP_BEYOND,
    Q_PROTOCOL,
    Q_TUNNEL,
    Q_UDP_TUNNEL,
    Q_IPV6_CHAIN,
    Q_CUT_L4,
    Q_BAD_TCP,
    Q_BAD_UDP,
    Q_FAULT,
    Q_DEPTH,
    Q_ESP,
    Q_WIREGUARD,
    Q_WIFI_ENCRYPTED,
    Q_WIFI_FRAGMENT,
    Q_MACSEC,
    Q_PPP_ENCODED,
) = range(len(ISSUE_CODES))

SHARED_ISSUES = (Q_CUT_L4, Q_BAD_TCP, Q_BAD_UDP)
"""Counted by the engine that keeps the conversation; every other kind by each engine of a run."""

# --- the second reading (pick.py): K_* a conversation that is looked for, N_* its counters,
# O_* a record that was found ---------------------------------------------------------------------
WALK_ICMP = 6
K_HASH, K_A_HI, K_A_LO, K_B_HI, K_B_LO, K_KEY, K_START, K_END, K_INPUT, K_FIRST, K_PKTS = range(11)
K_SIZE = 12
N_SEED, N_MASK, N_HITS, N_RECORD, N_ROWS = range(5)  # the seed where `G_SEED` is: key_hash reads it
N_SIZE = 8
O_TS, O_OFF, O_CAP, O_WIRE, O_LINK, O_IF, O_PKT, O_POS, O_BIG, O_RESOL, O_TSOFFSET, O_SNAP = range(
    12
)
O_SIZE = 12
