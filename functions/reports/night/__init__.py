"""What is computed when the day is over, and kept."""
