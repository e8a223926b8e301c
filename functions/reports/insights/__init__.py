"""Insights (导航仪): what the reports say that is worth an action."""
