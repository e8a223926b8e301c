"""Redemptions (核销) as a store's list and the shop's reports see them: records made from the cards' stream."""
