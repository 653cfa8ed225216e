"""Coinbase Advanced Trade: the broker behind the key, and the public market without one.

Nothing of the SDK leaves this package: its response objects answer ``in`` and iteration with an
endless loop (EXCHANGE.md, The spin). ``client.py`` alone touches them.
"""
