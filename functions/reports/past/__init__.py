"""Orders of other platforms, brought in by their exports."""
