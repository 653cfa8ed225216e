"""The control client: one file per family of verbs."""
