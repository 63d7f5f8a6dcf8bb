"""Check metrics; run by ``check_metric``."""

from jgen.testing.metric_checks import exact, statistical

CHECKS = (
    exact.complete,
    exact.roles,
    exact.known_values,
    exact.row_order,
    exact.batches,
    exact.rotation,
    exact.units,
    exact.unequal_sizes,
    exact.bad_samples,
    statistical.monotone,
    statistical.far_share,
    statistical.null,
    statistical.coverage,
)
