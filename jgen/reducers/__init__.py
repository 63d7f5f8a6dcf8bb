"""Folds over draws that are not stored: moments, log Z, batch means."""

from jgen.reducers.batch_means import BatchMeans, batch_means
from jgen.reducers.log_evidence import LogEvidence, log_evidence
from jgen.reducers.moments import Moments, moments

__all__ = ["BatchMeans", "LogEvidence", "Moments", "batch_means", "log_evidence", "moments"]
