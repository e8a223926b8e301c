"""Settlement files (对账单): what a payment provider says, row by row, that it took and gave back on a day."""
