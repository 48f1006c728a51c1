// The page of a copy: begins the download when it is ready and says how far it is. Without this script the page
// offers the same by a link.
const PAUSE = 1000;
const card = document.getElementById("copy");

const part = (name) => card.querySelector(`[data-part=${name}]`);
const language = document.documentElement.lang;

function bytes(number) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  let at = 0;
  let value = number;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  const digits = value < 10 && at > 0 ? 1 : 0;
  return new Intl.NumberFormat(language, {
    style: "unit", unit: units[at], unitDisplay: "short", maximumFractionDigits: digits,
  }).format(value);
}

function say(key, done = "", all = "") {
  const text = card.dataset[key].replace("{done}", done).replace("{all}", all);
  if (part("said").textContent !== text) part("said").textContent = text;
}

function bar(done, all) {
  const progress = part("bar").querySelector("progress");
  if (all) progress.value = (100 * done) / all;
  else progress.removeAttribute("value");
}

let begun = !("new" in card.dataset);

function begin() {
  begun = true;
  say("starting");
  location.assign(card.dataset.file);
}

// Returns true while there is something to wait for.
function show(now) {
  const isReady = now.state === "ready";
  for (const place of [part("facts"), part("start"), document.getElementById("by-curl")]) {
    if (place) place.hidden = !isReady;
  }
  if (now.state === "preparing") {
    if (now.pictures) say("preparing", now.prepared, now.pictures);
    else say("waiting");
    bar(now.prepared, now.pictures);
    return true;
  }
  if (now.state === "over") {
    say("over");
    part("bar").hidden = part("end").hidden = true;
    return false;
  }
  part("size").textContent = bytes(now.size);
  part("end").hidden = now.outcome === "complete";
  bar(now.sent, now.size);
  if (!begun) begin();
  else if (now.outcome === "complete") say("complete");
  else if (now.running) say("running", bytes(now.sent), bytes(now.size));
  else if (now.outcome) say("broken", bytes(now.sent), bytes(now.size));
  return now.outcome !== "complete";
}

async function look() {
  let goesOn = true;
  try {
    // Asking is no sign of life: who has left the page open is logged out in time. A running download is one.
    const headers = { Accept: "application/json", "X-Question": "1" };
    const answer = await fetch(card.dataset.progress, { headers, cache: "no-store" });
    if (answer.status === 404) goesOn = show({ state: "over" });
    else if (answer.ok) goesOn = show(await answer.json());
  } catch {
    // The network is away: the next look will tell.
  }
  if (goesOn) setTimeout(look, PAUSE);
}

function offerCopying() {
  const button = document.querySelector("[data-copies]");
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.textContent = button.dataset.copied;
  });
}

if (card) {
  offerCopying();
  if (card.dataset.state !== "over") look();
}
