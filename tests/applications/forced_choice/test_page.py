"""The page in headless Chromium: keyboard and mouse, blindness, and answers that survive kill -9."""

import re
import signal

import numpy as np
import pytest

from jgen.applications.forced_choice import Store
from tests.helpers.forced_choice import chromium, image_sets, process, served, small_study, stored, wait_for
from tests.helpers.run_outputs import report_of, texts

NAMES = ("quagga", "zebra")
"""Sources whose names no page would have by chance."""


@pytest.fixture(scope="module")
def browser():
    """Start headless Chromium, once for all tests of this file."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser, record_property):
    """Open a page without cookies that records what its policy forbids, and errors of its script."""
    record_property("chromium", browser.version)
    problems = []
    with browser.new_context() as context:
        context.set_default_timeout(20_000)
        opened = context.new_page()
        opened.on("pageerror", lambda error: problems.append(str(error)))
        opened.on("console", lambda message: problems.append(message.text))
        yield opened
    expected = r"Failed to load resource: (the server responded with a status of 401|net::ERR_)"
    assert [text for text in problems if not re.match(expected, text)] == []


def enter(page, port, name="ada"):
    page.goto(f"http://127.0.0.1:{port}/")
    page.locator("#name").fill(name)
    page.locator("#name").press("Enter")


def wait_for_trial(page, number, total):
    page.locator("#count", has_text=f"{number} of {total}").wait_for()
    page.locator("#left:enabled").wait_for()


def test_keys_and_mouse_answer_and_nothing_tells(page, tmp_path, rng):
    """Answer six pairs in six ways; what the browser was sent names no source, and differs by names only."""
    store = small_study(tmp_path / "study.sqlite", rng, names=NAMES)
    sent, lengths, shown = [], set(), []

    def record(response):
        sent.append(f"{response.url} {response.headers}")
        if "/image/" in response.url:
            lengths.add(response.headers["content-length"])
        else:
            sent.append(response.text())

    page.on("response", record)
    ways = [
        ("left", lambda: page.keyboard.press("ArrowLeft")),
        ("right", lambda: page.keyboard.press("ArrowRight")),
        ("left", lambda: page.keyboard.press("f")),
        ("right", lambda: page.keyboard.press("J")),
        ("left", lambda: page.locator("#left").click()),
        ("right", lambda: page.locator("#right-image").click()),
    ]
    with served(store) as port:
        enter(page, port)
        for number, (side, act) in enumerate(ways, 1):
            wait_for_trial(page, number, 6)
            shown.append(re.sub(r"[0-9a-f]{32}|\d+ of|value=\"\d+\"", "", page.content()))
            act()
            wait_for(lambda number=number: len(stored(tmp_path / "study.sqlite")) == number)
            assert stored(tmp_path / "study.sqlite")[-1] == (1, number - 1, side)
        page.locator("#end:visible", has_text="All 6 answers are stored").wait_for()
        page.reload()
        page.locator("#end:visible .another").click()
        page.locator("#name").fill("bob")
        page.locator("#entry .primary").click()
        wait_for_trial(page, 1, 6)
    answers, raters = store.answers(), store.raters()
    store.close()
    assert raters == ["ada", "bob"]
    assert len(answers) == 6
    assert all(0 < one.milliseconds < 60_000 for one in answers)
    assert not [text for text in sent if any(name in text for name in (*NAMES, "shuffled", "is_check"))]
    assert len(lengths) == 1  # all image files have as many bytes
    assert len(set(shown)) == 1  # the page differs by random names and the count alone


def test_a_held_key_answers_once_and_a_reload_goes_on(page, tmp_path, rng):
    store = small_study(tmp_path / "study.sqlite", rng)
    with served(store) as port:
        enter(page, port)
        wait_for_trial(page, 1, 6)
        for _ in range(5):
            page.keyboard.down("j")  # the first is a press, the others repeats
        wait_for_trial(page, 2, 6)
        page.keyboard.up("j")
        page.keyboard.press("Control+f")  # the browser's own
        page.reload()
        wait_for_trial(page, 2, 6)
        page.evaluate("document.cookie = 'rater=none'")  # http only: scripts cannot change it
        page.context.clear_cookies()
        page.reload()
        page.locator("#welcome:visible").wait_for()
        enter(page, port)
        wait_for_trial(page, 2, 6)
    assert stored(tmp_path / "study.sqlite") == [(1, 0, "right")]
    store.close()


@pytest.mark.slow
def test_answers_survive_kill_9_and_the_session_goes_on(page, tmp_path, rng):
    """Kill the server in the middle: no acknowledged answer is lost, and the open page goes on by itself."""
    for name, images in image_sets(rng).items():
        np.save(tmp_path / f"{name}.npy", images)
    made = ["--real", str(tmp_path / "real.npy"), "--generated", str(tmp_path / "model.npy")]
    sizes = ["--pairs", "4", "--checks", "2", "--port", "0", "--out", str(tmp_path / "first")]
    study = tmp_path / "first" / "study.sqlite"
    with process(*made, *sizes) as (running, port):
        enter(page, port)
        for number in (1, 2, 3):
            wait_for_trial(page, number, 6)
            page.keyboard.press("f" if number % 2 else "j")
        wait_for_trial(page, 4, 6)  # it shows when the third answer was acknowledged
        running.kill()
        running.wait()
        before = stored(study)
        assert before == [(1, 0, "left"), (1, 1, "right"), (1, 2, "left")]
        page.locator("#right").click()
        page.locator("#problem", has_text="The server does not answer").wait_for()
    assert stored(study) == before
    again = ["--study", str(study), "--port", str(port), "--out", str(tmp_path / "second")]
    with process(*again) as (running, same_port):
        assert same_port == port
        wait_for_trial(page, 5, 6)  # the answer on the way was sent again, and counted once
        assert page.locator("#problem").inner_text() == ""
        for number in (5, 6):
            wait_for_trial(page, number, 6)
            page.keyboard.press("ArrowRight")
        page.locator("#end:visible").wait_for()
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 0
    after = stored(study)
    assert after == [*before, *((1, position, "right") for position in (3, 4, 5))]
    store = Store(study)
    assert sorted(one.pair for one in store.answers()) == [1, 2, 3, 4, 5, 6]
    store.close()
    assert "Raters" in texts(report_of(tmp_path / "second"), "h2")
