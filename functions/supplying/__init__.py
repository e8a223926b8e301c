"""Supplying: other shops that buy from this one. Their accounts, what they are offered, and hints that an order of
theirs is over. Their orders are checkout's."""
