"""The worker processes: one role per file, started by the supervisor."""
