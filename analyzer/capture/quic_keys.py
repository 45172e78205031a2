"""Keys of QUIC Initial packets (RFC 9001 section 5.2, RFC 9369 section 3.3).

Everybody who sees a client's first Initial can compute them: they protect against off-path
tampering, not against reading. Imported when the first Initial appears.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

SALT_1 = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
SALT_2 = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")
SALT_2_DRAFT = bytes.fromhex("a707c203a59b47184a1d62ca570406ea7ae3e5d3")
SALT_29 = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")
SALT_23 = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")
SALT_22 = bytes.fromhex("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a")
SALT_T050 = bytes.fromhex("7ff579e5acd072915580304c43a2367c60488310")
SALT_T051 = bytes.fromhex("7a4edef4e7ccee5fa4506c19124fc8ccda6e033d")

OWN_SALTS = {
    0x00000001: SALT_1,
    0x6B3343CF: SALT_2,
    0x709A50C4: SALT_2_DRAFT,
    0xFACEB001: SALT_22,  # mvfst, from draft 22
    0xFACEB002: SALT_23,  # mvfst, from draft 27
    0xFACEB00E: SALT_23,
    0x54303530: SALT_T050,
    0x54303531: SALT_T051,
}
VERSIONS_2 = (0x6B3343CF, 0x709A50C4)
VERSIONS_GOOGLE = (0x54303530, 0x54303531)  # Google's with TLS inside


def salts(version: int) -> tuple[bytes, ...]:
    """Salts that may protect Initials of a version; more than one where it does not say.

    A version 0x?a?a?a?a asks for version negotiation (RFC 9000 section 15), and clients protect it
    as what they really speak.
    """
    if version in OWN_SALTS:
        return (OWN_SALTS[version],)
    if 0xFF000017 <= version <= 0xFF000022:
        draft = version & 0xFF
        return (SALT_23 if draft <= 28 else SALT_29 if draft <= 32 else SALT_1,)
    if version & 0x0F0F0F0F == 0x0A0A0A0A:
        return (SALT_1, SALT_29)
    return ()


@dataclass(frozen=True, slots=True)
class Keys:
    """What protects one side's Initials.

    Attributes:
        aead: AEAD_AES_128_GCM with the packet key.
        iv: 12 bytes; the nonce is this, xor the packet number.
        header: AES-128-ECB with the header protection key.
    """

    aead: AESGCM
    iv: bytes
    header: Cipher[modes.ECB]


def expand_label(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label with an empty context (RFC 8446 section 7.1)."""
    full = b"tls13 " + label
    info = size.to_bytes(2, "big") + bytes((len(full),)) + full + b"\0"
    return HKDFExpand(hashes.SHA256(), size, info).derive(secret)


@lru_cache(maxsize=256)
def initial_keys(version: int, salt: bytes, dcid: bytes, side: bytes = b"client in") -> Keys:
    """Keys that one side's Initials have when the client's first one went to ``dcid``.

    Args:
        version: As on the wire; it chooses the labels.
        salt: One of ``salts(version)``.
        dcid: Destination connection id, 0 to 20 bytes.
        side: ``client in`` or ``server in``.
    """
    initial = hmac.digest(salt, dcid, "sha256")  # HKDF-Extract is HMAC (RFC 5869 section 2.2)
    secret = expand_label(initial, side, 32)
    prefix = b"quicv2 " if version in VERSIONS_2 else b"quic "
    header = Cipher(algorithms.AES(expand_label(secret, prefix + b"hp", 16)), modes.ECB())  # noqa: S305  (RFC 9001 section 5.4.3)
    return Keys(
        AESGCM(expand_label(secret, prefix + b"key", 16)),
        expand_label(secret, prefix + b"iv", 12),
        header,
    )
