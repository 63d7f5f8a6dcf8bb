"""Samplers that carry a population of particles along a path of densities."""
