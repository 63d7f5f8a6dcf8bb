"""Summarise draws that are not stored: moments, covariance, quantiles, log Z, ESS, R-hat, E-BFMI."""

from jgen.sampling.reducers.batch_means import BatchMeans, batch_means
from jgen.sampling.reducers.bfmi import bfmi
from jgen.sampling.reducers.covariance import Covariance, covariance
from jgen.sampling.reducers.log_evidence import LogEvidence, log_evidence
from jgen.sampling.reducers.moments import Moments, moments
from jgen.sampling.reducers.nested_rhat import nested_rhat
from jgen.sampling.reducers.quantiles import Quantiles, quantiles

__all__ = [
    "BatchMeans",
    "Covariance",
    "LogEvidence",
    "Moments",
    "Quantiles",
    "batch_means",
    "bfmi",
    "covariance",
    "log_evidence",
    "moments",
    "nested_rhat",
    "quantiles",
]
