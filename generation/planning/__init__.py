"""Budgets to quotas."""
