"""After the sale (售后): refunds that people decide on, and bad cards that are replaced, by support or by claim."""
