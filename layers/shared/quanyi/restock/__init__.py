"""How much to hold of what, and when to buy it (安全库存). Rules only, but for what is named a table."""
