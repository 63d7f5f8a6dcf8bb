"""Make small forced-choice studies, serve them in a thread or a process, and find Chromium."""

import contextlib
import http.client
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from jgen.applications.forced_choice import listen, make_study
from jgen.applications.forced_choice.server import create_server

ROOT = Path(__file__).parents[2]


def image_sets(rng, num=40, size=8, names=("real", "model")):
    """Draw sets of images of ``uint8``, each of its own grey values, so that a test knows them."""
    low = {name: 40 * i for i, name in enumerate(names)}
    shape = (num, size, size, 1)
    return {name: rng.integers(low[name], low[name] + 40, shape).astype(np.uint8) for name in names}


def small_study(path, rng, *, num_pairs=4, num_checks=2, names=("real", "model")):
    """Make a study of random images."""
    return make_study(path, image_sets(rng, names=names), num_pairs=num_pairs, num_checks=num_checks, seed=1)


def answer_all(store, name, choose, stop=None):
    """Answer the trials of a rater; ``choose(store, token, trial)`` returns a side. Returns his trials."""
    token, trials = store.enter(name), []
    while (trial := store.trial(token)).position is not None and len(trials) != stop:
        trials.append(trial)
        store.answer(token, trial.position, choose(store, token, trial), 100)
    return trials


@contextlib.contextmanager
def served(store):
    """Serve a study in a thread, and yield the port."""
    listener = listen(0)
    port = listener.getsockname()[1]
    server = create_server(store, port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


@contextlib.contextmanager
def process(*options):
    """Run the experiment in a process until its page is open; yield the process, to kill, and its port."""
    command = [sys.executable, "-m", "experiments.human_evaluation", *options]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = running.stdout.readline()
        if not line.startswith("open http://127.0.0.1:"):
            running.kill()
            raise AssertionError(line + running.stderr.read())
        yield running, int(line.split(":")[2].strip("/\n"))
    finally:
        running.kill()
        running.communicate()


def post(port, path, body, **headers):
    """Send JSON as the page does; return the status, the reply and the cookie."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    sent = {"Origin": f"http://127.0.0.1:{port}", "Content-Type": "application/json", **headers}
    connection.request("POST", path, body, sent)
    reply = connection.getresponse()
    cookie = (reply.getheader("Set-Cookie") or "").partition(";")[0]
    content = reply.read()
    connection.close()
    return reply.status, content, cookie


def stored(path):
    """Read the answers from the file, beside any server: rater, position, choice."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute("SELECT rater, position, choice FROM answer ORDER BY 1, 2").fetchall()


def chromium():
    """Return the path of the system's Chromium, or skip the test where there is none."""
    found = [
        path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))
    ]
    if not found:
        pytest.skip("there is no Chromium: apt-get install chromium")
    return found[0]


def wait_for(condition, seconds=20):
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
