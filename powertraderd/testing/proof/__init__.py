"""The two proofs: an order that was accepted and then disconnected, and a death at any point.

Real trader processes with the real ledger and the real Coinbase adapter, over TLS, against fakex.
"""
