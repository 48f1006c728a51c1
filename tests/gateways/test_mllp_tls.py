"""MLLP by TLS: the server's certificate, client certificates, and the name a sender must carry (R04, R05)."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .door import HOST, prepared  # noqa: F401 - fixture
from .hl7door import Hl7Door, Sender, adt, ask, code, place  # noqa: F401 - fixture


class Authority:
    """Signs certificates into a folder: <name>.pem, <name>.key."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, _named(name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}.pem"
        made = self._build(self.name, self.key.public_key(), is_authority=True)
        self.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._build(_named(name), key.public_key(), is_authority=False)
        paths = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return paths

    def _build(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(
            issuer_name=self.name, subject_name=subject, public_key=key, serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(hours=1), not_valid_after=now + timedelta(days=1),
        )  # fmt: skip
        builder = builder.add_extension(
            x509.BasicConstraints(ca=is_authority, path_length=None), critical=True
        )
        if not is_authority:
            names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def call(
    door: Hl7Door, authority: Authority, own: tuple[Path, Path] | None = None, **versions: ssl.TLSVersion
) -> Sender:
    context = ssl.create_default_context(cafile=str(authority.file))
    if own:
        context.load_cert_chain(*own)
    for name, version in versions.items():
        setattr(context, name, version)
    plain = socket.create_connection((HOST, door.tls_port), timeout=20)
    try:
        return Sender(door.tls_port, line=context.wrap_socket(plain, server_hostname=HOST))
    except BaseException:
        plain.close()
        raise


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "hospital")


def door(place: Path, authority: Authority, **settings: str) -> Hl7Door:  # noqa: F811
    certificate, key = authority.issue("portal")
    return Hl7Door(
        place, HL7_TLS_BIND=f"{HOST}:0", TLS_CERT=str(certificate), TLS_KEY=str(key), HL7_OPEN="0", **settings
    )


def test_a_listed_sender_may_come_by_tls(place: Path, authority: Authority) -> None:  # noqa: F811
    running = door(place, authority)
    running.run("peer", "add", "his", "--hl7", "--address", HOST)
    running.start()
    try:
        with call(running, authority) as sender:
            assert code(sender.ask(adt("T-1"))) == "AA"
            assert code(sender.ask(adt("T-2", family="x" * 3_000_000))) in ("AA", "AE")
        assert code(ask(running.port, adt("T-3"))) == "AA"
    finally:
        running.stop()


def test_a_client_certificate_is_required(place: Path, authority: Authority, tmp_path: Path) -> None:  # noqa: F811
    """By its authority, and by its name where the sender's entry has one."""
    (tmp_path / "foreign").mkdir()
    stranger = Authority(tmp_path / "foreign", "elsewhere").issue("ris.example")
    right, wrong = authority.issue("ris.example"), authority.issue("other.example")
    running = door(place, authority, TLS_CLIENT_CA=str(authority.file))
    running.run("peer", "add", "ris", "--hl7", "--address", HOST, "--certificate", "ris.example")
    running.start()
    try:
        with call(running, authority, right) as sender:
            assert code(sender.ask(adt("T-4"))) == "AA"
        for own in (None, stranger, wrong):
            with pytest.raises((OSError, ConnectionError)), call(running, authority, own) as refused:
                refused.ask(adt("T-5"))
        with Sender(running.port) as plain:
            assert plain.is_shut(within=5)  # this sender comes by TLS or not at all
    finally:
        running.stop()
    assert running.states() == ["applied"]


def test_old_tls_is_refused(place: Path, authority: Authority) -> None:  # noqa: F811
    running = door(place, authority)
    running.run("peer", "add", "his", "--hl7", "--address", HOST)
    running.start()
    try:
        with pytest.warns(DeprecationWarning, match="TLSv1_1"), pytest.raises(ssl.SSLError):
            call(
                running,
                authority,
                minimum_version=ssl.TLSVersion.TLSv1_1,
                maximum_version=ssl.TLSVersion.TLSv1_1,
            )
    finally:
        running.stop()


def test_a_plain_talker_on_the_tls_port_is_cut_off(place: Path, authority: Authority) -> None:  # noqa: F811
    running = door(place, authority)
    running.run("peer", "add", "his", "--hl7", "--address", HOST)
    running.start()
    try:
        with Sender(running.tls_port) as plain:
            plain.line.sendall(b"\x0bMSH|")
            plain.line.settimeout(10)
            with pytest.raises((ConnectionError, OSError)):
                plain.answer()
        with call(running, authority) as sender:
            assert code(sender.ask(adt("T-6"))) == "AA"
    finally:
        running.stop()
