"""Metrics of what ends on a date: the certificates that we trust, and the owner's key."""

import ssl
from datetime import UTC, date, datetime, time
from pathlib import Path

from powertraderd.adapters.prometheus.sheet import Sheet


def certificates(sheet: Sheet, ca_file: Path | None, wall: datetime) -> None:
    """Until the first of our own certificates ends; raises OSError for a file that has none.

    The public authorities, which are trusted where no file is named, are the system's to renew.
    """
    if ca_file is None:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca_file)
    ends = [
        ssl.cert_time_to_seconds(text)
        for certificate in context.get_ca_certs()
        if isinstance(text := certificate.get("notAfter"), str)
    ]
    if ends:
        sheet.put("ca_certificate_left_seconds", min(ends) - wall.timestamp())


def key(sheet: Sheet, renew_by: date | None, wall: datetime) -> None:
    """Until the end of the day by which the owner wants another key."""
    if renew_by is not None:
        end = datetime.combine(renew_by, time.max, UTC)
        sheet.put("exchange_key_left_seconds", (end - wall).total_seconds())
