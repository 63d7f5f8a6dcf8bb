"""Evaluate texts and models of texts."""
