// Brings new messages onto the page; without it the "Refresh" button does the same.
const EVERY_MS = 2000;
const place = document.getElementById("messages");
const news = document.getElementById("news");
let shown = keys(place);

function keys(root) {
  return [...root.querySelectorAll("[data-key]")].map((message) => message.dataset.key).join();
}

async function look() {
  if (document.hidden) return;
  const answer = await fetch(place.dataset.source);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
  if (keys(fresh) === shown) return;
  shown = keys(fresh);
  place.replaceChildren(...fresh.childNodes);
  news.textContent = news.dataset.text;
}

setInterval(() => look().catch(() => {}), EVERY_MS);
