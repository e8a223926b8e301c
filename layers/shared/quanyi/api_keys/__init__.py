"""API keys: `qy_<role>_<random>`, known to us by their hash only."""
