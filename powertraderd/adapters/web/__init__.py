"""Talking to venues over HTTP: hygiene, pace, deadlines and the names of failures."""
