"""Pure functions: train, predict, levels, decide, risk, orders, ledgering."""
