"""Sample with particles or replicas that move along a path of densities."""
