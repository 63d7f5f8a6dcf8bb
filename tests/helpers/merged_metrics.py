"""Compute a metric of rows that two processes share, as a program that tests start.

``python merged_metrics.py OUT RANK NUM_PROCESSES PORT``
"""

import json
import sys
from pathlib import Path

import jax
import numpy as np

from jgen.evaluation import keep_rows, merge_processes
from jgen.evaluation.metric import result_of


def rows_of(rank):
    """Rows of a process: of other sizes and types in each."""
    rng = np.random.default_rng(rank)
    real = rng.normal(size=(5 + 3 * rank, 2))
    return {"real": real, "generated": rng.normal(size=(4 - rank, 2)).astype(np.float32)}


def first_rows(rows):
    protocol = {name: [str(x.dtype), x.tolist()] for name, x in rows.items()}
    return result_of(rows["real"].mean(), 0.0, len(rows["real"]), "mean", protocol)


METRIC = keep_rows(first_rows)


def main(out, rank, num_processes, port):
    jax.config.update("jax_platforms", "cpu")
    address, limits = f"127.0.0.1:{port}", {"initialization_timeout": 60, "heartbeat_timeout_seconds": 30}
    who = {"num_processes": int(num_processes), "process_id": int(rank)}
    jax.distributed.initialize(address, coordinator_bind_address=address, **who, **limits)
    state = merge_processes(METRIC, METRIC.accumulate(METRIC.empty(), **rows_of(int(rank))))
    result = METRIC.compute(state)
    Path(out, f"{rank}.json").write_text(json.dumps([float(result.value), result.n, result.protocol]))


if __name__ == "__main__":
    main(*sys.argv[1:])
