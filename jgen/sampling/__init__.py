"""Run a sampler: chains side by side, warm-up, draws in chunks, adaptation and reducers."""

from jgen.sampling.chains import Cost, RunState, start
from jgen.sampling.driver import Run, resume, sample

__all__ = ["Cost", "Run", "RunState", "resume", "sample", "start"]
