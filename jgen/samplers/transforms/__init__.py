"""Transforms: take a sampler, return a sampler."""
