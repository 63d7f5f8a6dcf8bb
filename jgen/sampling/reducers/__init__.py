"""Summarise draws that are not stored: moments, covariance, quantiles, log Z, ESS, R-hat, E-BFMI."""

from jgen._internal.members import public_names
from jgen.sampling.reducers.batch_means import BatchMeans as BatchMeans, batch_means as batch_means
from jgen.sampling.reducers.bfmi import bfmi as bfmi
from jgen.sampling.reducers.covariance import Covariance as Covariance, covariance as covariance
from jgen.sampling.reducers.log_evidence import LogEvidence as LogEvidence, log_evidence as log_evidence
from jgen.sampling.reducers.moments import Moments as Moments, moments as moments
from jgen.sampling.reducers.nested_rhat import nested_rhat as nested_rhat
from jgen.sampling.reducers.quantiles import Quantiles as Quantiles, quantiles as quantiles

__all__ = public_names(globals())
