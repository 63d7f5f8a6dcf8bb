"""Start programs that a test waits for, and find a port for them."""

import os
import socket
import subprocess
import sys
from pathlib import Path


def free_port():
    """Return a port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(program, *arguments, **variables):
    """Start the file of a module as a program."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **variables}
    command = [sys.executable, program.__file__, *map(str, arguments)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(*processes):
    """Wait for programs, which must succeed."""
    try:
        for process in processes:
            output, _ = process.communicate(timeout=150)
            assert process.returncode == 0, output
    finally:
        for process in processes:
            process.kill()
