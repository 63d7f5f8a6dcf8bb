"use strict";

// The page never learns which image is which: it shows two images by random names, and sends a side back.
const PAUSE = 1000; // milliseconds between two tries while the server does not answer
const LARGE = 256; // pixels a side from which on images are smoothed
const SMALL = 16; // pixels a side up to which an image does not fill its frame, as it would fall into squares
const KEYS = {ArrowLeft: "left", f: "left", F: "left", ArrowRight: "right", j: "right", J: "right"};
const byId = (id) => document.getElementById(id);
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
let shown = null; // the trial on the screen; null while there is none, or its answer is on the way
let shownAt = 0;

function show(section) {
  for (const id of ["welcome", "question", "end"]) byId(id).hidden = id !== section;
}

async function request(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
  };
  for (;;) {
    try {
      const response = await fetch(path, {cache: "no-store", credentials: "same-origin", ...options});
      if (response.status < 500) {
        byId("problem").textContent = "";
        return {status: response.status, value: await response.json()};
      }
    } catch (error) {
      // The server was stopped: the same request is made again until it is back, and counts once.
    }
    byId("problem").textContent = "The server does not answer. Your answer is sent again when it does.";
    await wait(PAUSE);
  }
}

async function load(image, name) {
  for (;;) {
    try {
      image.src = `/image/${name}`;
      await image.decode();
      const side = Math.max(image.naturalWidth, image.naturalHeight);
      image.classList.toggle("large", side >= LARGE);
      image.classList.toggle("small", side <= SMALL);
      return;
    } catch (error) {
      byId("problem").textContent = "The server does not answer. The images are asked for again.";
      await wait(PAUSE);
      image.removeAttribute("src");
    }
  }
}

async function present(trial) {
  if (trial.position === null) {
    byId("answered").textContent = trial.total;
    show("end");
    return;
  }
  await Promise.all([load(byId("left-image"), trial.left), load(byId("right-image"), trial.right)]);
  byId("problem").textContent = "";
  byId("progress").max = trial.total;
  byId("progress").value = trial.done;
  byId("count").textContent = `${trial.done + 1} of ${trial.total}`;
  for (const side of ["left", "right"]) {
    byId(side).classList.remove("chosen");
    byId(side).disabled = false;
  }
  show("question");
  if (document.activeElement) document.activeElement.blur();
  shown = trial;
  shownAt = performance.now();
}

async function choose(side) {
  if (shown === null) return;
  const trial = shown.position;
  const milliseconds = Math.round(performance.now() - shownAt);
  shown = null;
  byId(side).classList.add("chosen");
  for (const id of ["left", "right"]) byId(id).disabled = true;
  const reply = await request("/answer", {trial, choice: side, milliseconds});
  if (byId("question").hidden) return; // another person is to begin
  if (reply.status === 200) return present(reply.value);
  return begin(); // answered in another window, or the rater is not known any more
}

async function begin() {
  const reply = await request("/trial");
  if (reply.status === 200) return present(reply.value);
  return welcome();
}

function welcome() {
  shown = null;
  byId("name").value = "";
  byId("refusal").textContent = "";
  show("welcome");
  byId("name").focus();
}

byId("entry").addEventListener("submit", async (event) => {
  event.preventDefault();
  const reply = await request("/enter", {name: byId("name").value});
  if (reply.status === 200) return present(reply.value);
  byId("refusal").textContent = reply.value.error;
});
for (const button of document.querySelectorAll(".another")) button.addEventListener("click", welcome);
for (const side of ["left", "right"]) byId(side).addEventListener("click", () => choose(side));
document.addEventListener("keydown", (event) => {
  const side = KEYS[event.key];
  if (!side || event.repeat || event.ctrlKey || event.altKey || event.metaKey || byId("question").hidden) return;
  event.preventDefault();
  choose(side);
});
begin();
