"""Members (会员): a buyer is one from the first order."""
