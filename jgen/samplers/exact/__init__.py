"""Samplers whose draws are independent: exact, by rejection, or weighted."""
