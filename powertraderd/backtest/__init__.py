"""The daemon's own strategy functions, driven over recorded candles."""
