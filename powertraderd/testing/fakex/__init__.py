"""A loopback exchange that the real SDK talks to over TLS, and that knows the truth.

Written from public documentation, recorded public answers and runs of the SDK. It is started as a
process of its own (`python -m powertraderd.testing.fakex`), so that tests may stop or kill it.
"""
