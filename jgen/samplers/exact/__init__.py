"""Draw independently: exactly, by rejection, or with weights."""
