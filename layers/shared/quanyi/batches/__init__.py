"""Batches (批次): cards that arrived together, of one SKU, supplier, unit cost and data key. Immutable."""
