"""Roll-ups (汇总): sums over facts that a live report is read from."""
