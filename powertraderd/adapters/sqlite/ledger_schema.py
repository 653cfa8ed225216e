"""What ledger.db is: its mark, its versions, and what to do when it is damaged."""

from powertraderd.adapters.sqlite.database import Schema, packaged

SCHEMA = Schema(
    application_id=int.from_bytes(b"PTld"),
    scripts=packaged("ledger"),
    remedy="stop the daemon and restore ledger.db from a backup; never trade without it",
)
