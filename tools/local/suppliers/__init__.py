"""A supplier on this machine, with every fault that real ones have: for tests and for `make run`."""
