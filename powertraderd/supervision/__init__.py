"""Supervision: pure states, policy, backoff and verdict; edges page, notify, peer and protocol."""
