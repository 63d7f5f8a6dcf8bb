"""Transform samplers: each function takes a sampler and returns one."""
