"""Prometheus: everything that can be seen of the daemon, computed when it is asked for."""
