"""What each TLS cipher suite up to TLS 1.2 adds to a record, as one table.

RFC 5246 section 6.2.3, RFC 5288, RFC 6655, RFC 7905; numbers from the IANA registry. A suite
that is not listed is taken for AES in CBC mode with SHA-1, the one that TLS 1.2 demands.
"""

from __future__ import annotations

from itertools import chain

TLS13, TLS11 = 0x0304, 0x0302
TLS13_BYTES = 17  # one byte of content type, a tag of 16

_CCM_8 = chain(range(0xC0A0, 0xC0A4), range(0xC0A8, 0xC0AC), (0xC0AE, 0xC0AF))
_GCM_AND_CCM = chain(
    range(0x9C, 0xAE), range(0xC02B, 0xC033), range(0xC050, 0xC064), range(0xC06A, 0xC070),
    range(0xC07A, 0xC094), range(0xC09C, 0xC0A0), range(0xC0A4, 0xC0A8), (0xC0AC, 0xC0AD),
)  # fmt: skip
_RC4_SHA = (0x05, 0x8A, 0x8E, 0x92, 0xC002, 0xC007, 0xC00C, 0xC011, 0xC016)
_TRIPLE_DES = (
    0x0A, 0x0D, 0x10, 0x13, 0x16, 0x1B, 0x8B, 0x8F, 0x93, 0xC003, 0xC008, 0xC00D, 0xC012, 0xC017,
    0xC01A, 0xC01B, 0xC01C,
)  # fmt: skip
_CBC_SHA256 = chain(
    range(0x3C, 0x41), range(0x67, 0x6E), (0xC023, 0xC025, 0xC027, 0xC029),
)  # fmt: skip
_CBC_SHA384 = (0xC024, 0xC026, 0xC028, 0xC02A)

WITHOUT_PADDING = {
    **dict.fromkeys(range(0xCC00, 0xCD00), 16),  # ChaCha20-Poly1305: the nonce is implicit
    **dict.fromkeys(_GCM_AND_CCM, 24),  # eight bytes of the nonce, a tag of 16
    **dict.fromkeys(_CCM_8, 16),
    **dict.fromkeys((0x04, 0x18), 16),  # RC4 with MD5
    **dict.fromkeys(_RC4_SHA, 20),
}
BLOCK_AND_MAC = {
    **dict.fromkeys(_TRIPLE_DES, (8, 20)),
    **dict.fromkeys(_CBC_SHA256, (16, 32)),
    **dict.fromkeys(_CBC_SHA384, (16, 48)),
}


def overhead(version: int, cipher: int) -> int:
    """Bytes that protection adds to a record's plaintext; of padding, half a block."""
    if version >= TLS13:
        return TLS13_BYTES
    if cipher in WITHOUT_PADDING:
        return WITHOUT_PADDING[cipher]
    block, mac = BLOCK_AND_MAC.get(cipher, (16, 20))
    vector = block if version >= TLS11 else 0
    return vector + mac + block // 2
