"""The server's own certificate as it stands in a capture (TLS 1.2 and older; RFC 5280).

It is evidence of what the server showed, not of who the server is: nothing is verified, and a
certificate proves a service at most (``*.blob.core.windows.net`` covers every account).
"""

from __future__ import annotations

import hashlib
import threading
import warnings
from dataclasses import dataclass

KEPT = 4096
MAX_TEXT = 16384
_QUIET = threading.Lock()  # what warnings are shown is the process's, and engines share a process


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is kept of a certificate. Text is printable ASCII; other bytes are written \\DDD.

    Attributes:
        sha256: Of its DER bytes.
        subject: Common name of the subject, None when there is none.
        issuer: Distinguished name of the issuer (RFC 4514), None when it cannot be read.
        names: DNS names and addresses of subjectAltName, DNS names lower-cased.
    """

    sha256: str
    subject: str | None = None
    issuer: str | None = None
    names: tuple[str, ...] = ()


class Certificates:
    """Reads each certificate once; the last few thousand are remembered."""

    def __init__(self) -> None:
        """Starts empty."""
        self._known: dict[bytes, Certificate] = {}

    def get(self, der: bytes) -> Certificate:
        """The fields of a certificate."""
        key = hashlib.sha256(der).digest()
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            found = self._known[key] = parse(der)
        return found


def parse(der: bytes) -> Certificate:
    """Reads a certificate; what a hostile or broken one does not give stays None or empty."""
    sha256 = hashlib.sha256(der).hexdigest()
    try:
        return _fields(der, sha256)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of the Rust parser is no Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        return Certificate(sha256)


def _fields(der: bytes, sha256: str) -> Certificate:
    from cryptography import x509
    from cryptography.x509.oid import ExtensionOID, NameOID

    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a serial number below zero, an old encoding
        found = x509.load_der_x509_certificate(der)
        names: tuple[str, ...] = ()
        try:
            oid = ExtensionOID.SUBJECT_ALTERNATIVE_NAME
            stated = found.extensions.get_extension_for_oid(oid).value
            if isinstance(stated, x509.SubjectAlternativeName):
                hosts = stated.get_values_for_type(x509.DNSName)
                addresses = stated.get_values_for_type(x509.IPAddress)
                names = (*map(_host, hosts), *map(str, addresses))
        except Exception:
            names = ()  # none, or an extension that cannot be read: the rest still counts
        subject = issuer = None
        try:
            for attribute in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
                subject = printable(attribute.value)
            issuer = printable(found.issuer.rfc4514_string(), kept="\\")
        except Exception:
            return Certificate(sha256, subject, None, names)
    return Certificate(sha256, subject, issuer, names)


def _host(name: str) -> str:
    """A DNS name as the tables write it; a comma would look like two names."""
    return printable(name).lower().replace(",", "\\044").replace(" ", "\\032")


def printable(text: str | bytes, kept: str = "") -> str:
    """Text with every byte that is no printable ASCII written \\DDD, cut at 16 KiB.

    Args:
        text: What a certificate states.
        kept: Of the backslash, when it is an escape sign already.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    plain = set(range(32, 127)) - set(b"\\") | set(kept.encode())
    return "".join(chr(b) if b in plain else f"\\{b:03}" for b in raw)[:MAX_TEXT]
