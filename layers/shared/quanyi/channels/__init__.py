"""Channels (渠道): the places that sell, what their browsers' pages are called, and how they draw on stock."""
