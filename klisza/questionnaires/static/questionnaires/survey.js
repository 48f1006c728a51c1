// A page of a survey: questions come and go with the answers, and every answer is kept as it is given.
// Without this script the same happens at "Next".
import { enabled } from "./branching.js";
import { readAnswers } from "./reading.js";

const TYPING_MS = 1200;
const AGAIN_MS = 5000;
const survey = document.querySelector("[data-survey]");
const form = survey.querySelector("form.survey-form");
const status = survey.querySelector("[data-part=status]");
const { kept, keeping, notKept, login, closed } = survey.dataset;
const page = JSON.parse(document.getElementById("survey-rules").textContent);

const waiting = new Map(); // path -> timer
let sending = Promise.resolve();
let underWay = 0;
let isLeaving = false;

const told = document.createElement("input");
Object.assign(told, { type: "hidden", name: "script", value: "1" });
form.append(told);


// "f12-0-day" belongs to the place whose controls are called f12-0.
function placeOf(control) {
  const block = control.closest("[data-path]");
  const path = block?.dataset.path;
  return path !== undefined && page.fields[path]?.control ? path : null;
}

function refresh(path) {
  if (path) page.answers[path] = readAnswers(page.fields[path], form);
  const there = enabled(page.rules, page.answers);
  for (const block of survey.querySelectorAll("[data-path]")) {
    if (block.id) block.hidden = !there.has(block.dataset.path);
  }
}

function keepOneAnswerOnly(control) {
  const name = CSS.escape(control.name);
  if (control.type !== "checkbox" || !control.checked) return;
  for (const other of form.querySelectorAll(`[name="${name}"]`)) {
    if (other !== control && (control.dataset.exclusive !== undefined || other.dataset.exclusive !== undefined)) other.checked = false;
  }
}

// Typing into "something else" means choosing it.
function chooseOther(control) {
  if (!control.name.endsWith("-other") || !control.value) return;
  const stem = CSS.escape(control.name.slice(0, -"-other".length));
  const choice = form.querySelector(`[name="${stem}"][value="other"]`);
  if (choice) choice.checked = true;
  const list = form.querySelector(`select[name="${stem}"]`);
  if (list) list.value = "other";
}

function later(path, wait) {
  clearTimeout(waiting.get(path));
  waiting.set(path, setTimeout(() => send(path), wait));
}

function send(path) {
  waiting.delete(path);
  underWay += 1;
  sending = sending
    .then(() => post(path))
    .finally(() => {
      underWay -= 1;
    });
}

async function post(path) {
  if (isLeaving) return;
  const { name } = page.fields[path];
  // Nothing is overwritten before the person has chosen between two devices.
  if (isOpenToChoice(name)) return;
  const body = new FormData();
  const block = document.getElementById(`${name}-block`);
  for (const [key, value] of new FormData(form)) {
    const isOfPlace = key === name || (key.startsWith(`${name}-`) && block.querySelector(`[name="${CSS.escape(key)}"]`));
    if (key === "csrfmiddlewaretoken" || isOfPlace) body.append(key, value);
  }
  say(keeping);
  let answer;
  try {
    answer = await fetch(survey.dataset.save, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" });
  } catch {
    say(notKept);
    later(path, AGAIN_MS);
    return;
  }
  if (answer.status === 401) return say(login);
  if (answer.type === "opaqueredirect") return say(closed);
  if (!answer.ok) {
    say(notKept);
    later(path, AGAIN_MS);
    return;
  }
  take(path, await answer.json());
}

function take(path, answer) {
  for (const [name, { seen, mark }] of Object.entries(answer.saved)) {
    form.elements[`${name}-seen`].value = seen;
    form.elements[`${name}-mark`].value = mark;
  }
  const { name } = page.fields[path];
  show(name, "error", answer.errors[name] || "");
  show(name, "clash", answer.clashes[name] || "");
  for (const [at, words] of Object.entries(answer.calculated)) {
    const output = document.getElementById(page.fields[at].name)?.querySelector("[data-part=output]");
    if (output) output.textContent = words || "–";
  }
  Object.assign(page.answers, answer.answers);
  if (answer.rules) page.rules = answer.rules;
  refresh();
  say(answer.errors[name] || answer.clashes[name] ? "" : kept);
}

function isOpenToChoice(name) {
  const choice = document.getElementById(`${name}-choice`);
  return Boolean(choice && !choice.hidden);
}

function show(name, part, text) {
  const place = document.getElementById(`${name}-${part}`);
  if (!place) return;
  place.querySelector(`[data-part=${part}-text]`).textContent = text;
  place.hidden = !text;
  const choice = part === "clash" && document.getElementById(`${name}-choice`);
  if (choice) {
    choice.hidden = !text;
    choice.querySelector("input").disabled = !text;
  }
  const block = document.getElementById(`${name}-block`);
  const texts = ["error", "clash"].map((one) => document.getElementById(`${name}-${one}`));
  block.querySelector(".field")?.classList.toggle("has-error", texts.some((one) => one && !one.hidden));
  if (text) place.setAttribute("role", "alert");
}

function say(text) {
  status.textContent = text;
}

form.addEventListener("change", ({ target }) => {
  const path = placeOf(target);
  if (!path) return;
  keepOneAnswerOnly(target);
  chooseOther(target);
  refresh(path);
  later(path, target.type === "text" ? 300 : 0);
});

form.addEventListener("input", ({ target }) => {
  const path = placeOf(target);
  if (!path || !["text", "textarea", "url"].includes(target.type)) return;
  chooseOther(target);
  refresh(path);
  later(path, TYPING_MS);
});

// The form brings everything along; an answer under way must not make it look like another device's.
form.addEventListener("submit", (event) => {
  for (const timer of waiting.values()) clearTimeout(timer);
  waiting.clear();
  if (isLeaving || !underWay) {
    isLeaving = true;
    return;
  }
  event.preventDefault();
  const button = event.submitter;
  // Not within this event: a form that is being submitted ignores a second request to.
  sending.then(() =>
    setTimeout(() => {
      isLeaving = true;
      form.requestSubmit(button);
    }),
  );
});

// Back to a page that the browser has kept: it is alive again.
addEventListener("pageshow", () => {
  isLeaving = false;
});

refresh();
