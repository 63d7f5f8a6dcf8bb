"""Define data sets, one per file, each as a TFDS builder named ``Builder``."""
