"""A certificate authority of the laboratory, made anew for each run and never kept."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

DAYS = 30


class Authority:
    """Root and issuing certificate; leaves come with the issuer, as public ones do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root_key = _key()
        self.root = _sign(
            "Lab Root R1", self.root_key, "Lab Root R1", self.root_key, authority=True
        )
        self.key = _key()
        self.issuer = _sign("Lab TLS Issuing 01", self.key, "Lab Root R1", self.root_key,
                            authority=True)  # fmt: skip
        self.root_file = folder / "root.pem"
        self.root_file.write_bytes(_pem(self.root))

    def leaf(self, label: str, names: tuple[str, ...]) -> tuple[Path, Path]:
        """Files of the chain and the key for these names."""
        key = _key()
        certificate = _sign(names[0], key, "Lab TLS Issuing 01", self.key, names=names)
        chain, private = self.folder / f"{label}.pem", self.folder / f"{label}.key"
        chain.write_bytes(_pem(certificate) + _pem(self.issuer))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        private.chmod(0o600)
        return chain, private


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _sign(
    subject: str,
    key: rsa.RSAPrivateKey,
    issuer: str,
    issuer_key: rsa.RSAPrivateKey,
    *,
    authority: bool = False,
    names: tuple[str, ...] = (),
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    parent = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    builder = builder.add_extension(parent, critical=False)
    if authority:
        usage = x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = builder.add_extension(usage, critical=True)
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
