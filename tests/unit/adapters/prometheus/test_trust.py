"""What ends on a date."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from powertraderd.adapters.prometheus import trust
from powertraderd.adapters.prometheus.sheet import Sheet

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


def only_value(sheet: Sheet) -> float | None:
    """The one sample, None where there is none."""
    values = [sample.value for family in sheet.families() for sample in family.samples]
    assert len(values) <= 1
    return values[0] if values else None


def an_authority(ends: datetime) -> bytes:
    """A certificate authority in PEM that is valid until ``ends``."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"until {ends}")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return builder.sign(private, SHA256()).public_bytes(Encoding.PEM)


def test_the_certificate_that_ends_first_counts(tmp_path: Path) -> None:
    """A file may hold several authorities."""
    path = tmp_path / "ca.pem"
    days = (900, 20, 300)
    path.write_bytes(b"".join(an_authority(NOW + timedelta(days=day)) for day in days))
    sheet = Sheet()
    trust.certificates(sheet, path, NOW)
    assert only_value(sheet) == 20 * 86400


def test_without_a_file_there_is_nothing_to_end() -> None:
    """The public authorities are the system's to renew."""
    sheet = Sheet()
    trust.certificates(sheet, None, NOW)
    assert only_value(sheet) is None


def test_a_file_without_certificates_is_an_error(tmp_path: Path) -> None:
    """It shows as an error of the scrape, not as a certificate that never ends."""
    path = tmp_path / "ca.pem"
    path.write_text("nothing\n")
    with pytest.raises(OSError, match=r"NO_CERTIFICATE_OR_CRL_FOUND|no certificate"):
        trust.certificates(Sheet(), path, NOW)


def test_the_key_has_until_the_end_of_its_day() -> None:
    """In UTC; no day set, no figure."""
    sheet = Sheet()
    trust.key(sheet, date(2024, 5, 2), NOW)
    assert only_value(sheet) == pytest.approx(1.5 * 86400, abs=1)
    unset = Sheet()
    trust.key(unset, None, NOW)
    assert only_value(unset) is None
