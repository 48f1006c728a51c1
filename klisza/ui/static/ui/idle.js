// Two minutes before the session ends this asks whether somebody is there (WCAG 2.2.1, 2.2.6).
// The server has the only clock: it is asked before anything is said, so whatever it counts as activity
// (another window, a download, an upload) counts here too. Windows tell each other, to be quick.
import { gatherDrafts } from "./drafts.js";

const dialog = document.getElementById("idle");
const { address, login, who, minutes, minute, seconds } = dialog.dataset;
const WARNING = Number(dialog.dataset.warning) * 1000;
const PULSE = Math.min(60_000, (Number(dialog.dataset.whole) * 1000) / 4);
const LONGEST_SLEEP = 30_000; // a closed laptop's timers stand still, its clock does not
const SPOKEN = [60, 30, 10]; // seconds left at which a screen reader hears of it again

let ends = Date.now() + Number(dialog.dataset.left) * 1000;
let isFinal = Boolean(dialog.dataset.final);
let asked = Date.now();
let state = "quiet"; // quiet | warn | final | over
let finalWasSeen = false;
let timer = 0;
let spoken = Infinity;
const channel = "BroadcastChannel" in window ? new BroadcastChannel("klisza-session") : null;

const left = () => ends - Date.now();
const part = (name) => dialog.querySelector(`[data-part=${name}]`);
const token = () => dialog.querySelector("[name=csrfmiddlewaretoken]").value;

async function ask(method) {
  asked = Date.now();
  const headers = { Accept: "application/json" };
  if (method === "POST") headers["X-CSRFToken"] = token();
  const answer = await fetch(address, { method, headers, cache: "no-store", redirect: "error" });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

// Returns true while the account of this page is signed in.
function take(answer) {
  if (!answer.left) return false;
  if (answer.who !== who) {
    location.replace("/"); // somebody else uses this browser now
    return true;
  }
  ends = Date.now() + answer.left * 1000;
  isFinal = answer.final;
  if (state === "over") comeBack(answer.token);
  return true;
}

async function look() {
  clearTimeout(timer);
  if (state === "over") return;
  if (state === "quiet" && left() > WARNING) return sleep();
  if (state === "quiet") {
    try {
      if (!take(await ask("GET"))) return finish();
    } catch {
      if (left() <= 0) return finish(); // nobody answers, and the time is over
    }
    if (left() > WARNING || (isFinal && finalWasSeen && left() > 0)) return sleep();
    open(isFinal ? "final" : "warn");
  }
  if (left() <= 0) return end();
  tell();
  timer = setTimeout(look, 1000 - (Date.now() % 1000));
}

// A moment after the end by this clock the server says what is true: another window may have gone on.
async function end() {
  try {
    if (take(await ask("GET")) && left() > 0) {
      close();
      return sleep();
    }
  } catch {
    // no connection: better shut than open
  }
  finish();
}

function sleep() {
  clearTimeout(timer);
  const until = isFinal && finalWasSeen ? left() : left() - WARNING;
  timer = setTimeout(look, Math.max(250, Math.min(until, LONGEST_SLEEP)));
}

function show(name) {
  state = name;
  for (const one of ["warn", "final", "over"]) part(one).hidden = one !== name;
  dialog.setAttribute("aria-labelledby", `idle-title-${name}`);
  dialog.setAttribute("aria-describedby", `idle-text-${name}`);
  if (!dialog.open) dialog.showModal();
  part(name).querySelector("button, a").focus();
}

function open(name) {
  spoken = Infinity;
  show(name);
}

function close() {
  if (state === "final") finalWasSeen = true;
  state = "quiet";
  dialog.close();
}

function tell() {
  const rest = Math.max(0, Math.ceil(left() / 1000));
  const text = `${Math.floor(rest / 60)}:${String(rest % 60).padStart(2, "0")}`;
  for (const clock of dialog.querySelectorAll("[data-clock]")) clock.textContent = text;
  const due = SPOKEN.filter((step) => rest <= step && step < spoken);
  if (!due.length && spoken !== Infinity) return;
  spoken = due.length ? Math.min(...due) : rest;
  const words = rest > 60 ? minutes.replace("{n}", Math.ceil(rest / 60)) : rest > 30 ? minute : seconds.replace("{n}", rest);
  dialog.querySelector("[data-said]").textContent = words;
}

async function stay() {
  try {
    if (!take(await ask("POST"))) return finish();
  } catch {
    return look();
  }
  close();
  channel?.postMessage({ left: left(), who });
  sleep();
}

// Typed text stays in this page's memory and nowhere else; a page without any goes to the login at once.
function finish() {
  clearTimeout(timer);
  if (!gatherDrafts().length) {
    const here = location.pathname + location.search;
    location.replace(`${login}?next=${encodeURIComponent(here)}`);
    return;
  }
  for (const field of document.querySelectorAll("input[type=password]")) field.value = "";
  document.body.classList.add("is-over");
  document.title = dialog.querySelector("#idle-title-over").textContent;
  show("over");
}

const title = document.title;
function comeBack(fresh) {
  for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = fresh;
  document.body.classList.remove("is-over");
  document.title = title;
  close();
  gatherDrafts()[0]?.focus();
  sleep();
}

async function check() {
  try {
    if (!take(await ask("GET"))) finish();
    else if (state === "quiet" || left() > WARNING) {
      if (state !== "quiet") close();
      sleep();
    }
  } catch {
    look();
  }
}

// Reading a long page, scrolling through images, writing a long answer: somebody is there, at most once a minute.
function pulse(event) {
  if (!event.isTrusted || state !== "quiet" || Date.now() - asked < PULSE) return;
  ask("POST").then(take, () => undefined).then((inside) => inside === false && finish());
}

for (const kind of ["keydown", "pointerdown", "wheel", "touchmove", "scroll", "input"]) {
  document.addEventListener(kind, pulse, { passive: true, capture: true });
}
part("warn").addEventListener("submit", (event) => {
  event.preventDefault();
  stay();
});
part("final").querySelector("[data-understood]").addEventListener("click", () => {
  close();
  sleep();
});
part("over").querySelector("[data-discard]").addEventListener("click", () => {
  location.replace(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
});
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  if (state === "warn") stay();
  else if (state === "final") part("final").querySelector("[data-understood]").click();
});
dialog.addEventListener("close", () => {
  if (state !== "quiet") dialog.showModal(); // browsers close at the second Esc whatever the page says
});
channel?.addEventListener("message", ({ data }) => {
  if (data.who === who && data.left > 0 && state === "quiet") {
    ends = Date.now() + data.left;
    sleep();
  } else check();
});
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && state === "quiet" && look());
window.addEventListener("pageshow", (event) => event.persisted && check());

channel?.postMessage({ left: left(), who });
sleep();
