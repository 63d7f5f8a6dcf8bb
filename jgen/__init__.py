"""jgen: a functional research framework for the building blocks of generative models."""
