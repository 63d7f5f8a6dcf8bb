"""Helpers of the package itself; users call none of them."""
