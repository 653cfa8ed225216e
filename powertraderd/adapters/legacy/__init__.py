"""The folder of the desktop bot PowerTrader_AI, read and never changed."""
