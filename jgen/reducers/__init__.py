"""Folds over draws that are not stored: moments, covariance, quantiles, log Z, ESS, R-hat, E-BFMI."""

from jgen.reducers.batch_means import BatchMeans, batch_means
from jgen.reducers.bfmi import bfmi
from jgen.reducers.covariance import Covariance, covariance
from jgen.reducers.log_evidence import LogEvidence, log_evidence
from jgen.reducers.moments import Moments, moments
from jgen.reducers.nested_rhat import nested_rhat
from jgen.reducers.quantiles import Quantiles, quantiles

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
