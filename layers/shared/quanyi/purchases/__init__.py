"""Purchase orders (采购单): what we buy from suppliers, for stock, for a buyer's order, or to top an account up."""
