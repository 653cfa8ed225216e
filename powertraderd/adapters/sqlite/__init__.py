"""SQLite stores: the candle store, the signal board and the ledger; one writer each."""
