"""Orders: what was bought at which price, what was paid, what each unit became. Rules here, AWS only in `table`."""
