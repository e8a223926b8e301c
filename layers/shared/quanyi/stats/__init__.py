"""Figures that follow from the streams. They inform; they never decide a sale."""
