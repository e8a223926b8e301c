"""Buying from suppliers: for buyers' orders as they are paid, and for stock before it runs out."""
