"""Quanyi's figures, each measured in one run as a count or as a ratio within that run. `python -m bench [name ...]`."""
