"""The trading key: how it is read, kept at rest, and found again."""
