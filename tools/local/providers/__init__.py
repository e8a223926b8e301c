"""Payment providers on this machine, faithful to the real ones: for tests and for `make run`."""
