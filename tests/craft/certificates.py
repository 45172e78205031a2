"""X.509 certificates as a server shows them, made with the `cryptography` library."""

from __future__ import annotations

import datetime
import functools
import ipaddress
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence


@functools.cache
def _key() -> ed25519.Ed25519PrivateKey:
    """One key for all: nothing here is verified, and its signatures are always the same."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)] if common else [])


def issue(
    common: str,
    names: Sequence[str],
    *,
    addresses: Sequence[str] = (),
    issuer: str = "Example CA",
) -> bytes:
    """DER of a certificate with these subjectAltNames (none: no extension)."""
    start = datetime.datetime(2026, 1, 1)  # noqa: DTZ001 - X.509 times are UTC
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common))
        .issuer_name(_name(issuer))
        .public_key(_key().public_key())
        .serial_number(4711)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=90))
    )
    stated: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    stated += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    if stated:
        builder = builder.add_extension(x509.SubjectAlternativeName(stated), critical=False)
    return builder.sign(_key(), None).public_bytes(serialization.Encoding.DER)
