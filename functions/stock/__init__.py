"""The stock room: cards come in by files, and people look after batches and single cards."""
