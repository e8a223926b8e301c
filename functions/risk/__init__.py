"""Risk control (风控): the merchant's rules, lists and policies, what was decided by them, and reviews by people."""
