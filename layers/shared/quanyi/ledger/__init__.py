"""The ledger (日记账): the journal entries of all orders, by the shop's day, as the orders' stream tells them."""
