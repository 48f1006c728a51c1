// Asks the device for a passkey and sends its answer with the ordinary form of the page. Where the browser has no
// passkeys the form stays hidden: every page offers another way.
const able = typeof window.PublicKeyCredential === "function" && Boolean(navigator.credentials);

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!able) continue;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form);
  });
}
for (const note of document.querySelectorAll("[data-no-passkeys]")) note.hidden = able;

async function ask(form) {
  const button = form.querySelector("button[type=submit]");
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  say(form, form.dataset.waiting);
  try {
    const options = await asked(form);
    if (options === null) return;
    const credential =
      form.dataset.passkey === "add"
        ? await navigator.credentials.create({ publicKey: options })
        : await navigator.credentials.get({ publicKey: options });
    form.elements.credential.value = JSON.stringify(written(credential));
    form.submit();
  } catch (error) {
    // NotAllowedError: closed, refused or timed out, the browser does not tell which.
    if (error.name === "NotAllowedError" || error.name === "AbortError") say(form, form.dataset.cancelled);
    else if (error.name === "InvalidStateError") say(form, form.dataset.known);
    else say(form, form.dataset.failed);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

async function asked(form) {
  const body = new URLSearchParams({
    csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value,
    for: form.dataset.passkey,
  });
  const answer = await fetch(form.dataset.options, { method: "POST", body, headers: { Accept: "application/json" } });
  if (answer.redirected || answer.status === 401 || answer.status === 403) {
    window.location.reload(); // the login or the confirmation is over: the page says so
    return null;
  }
  const read = await answer.json();
  if (!answer.ok) {
    say(form, read.sentence || form.dataset.failed);
    return null;
  }
  return readable(read);
}

// The server writes bytes as base64url; the browser wants buffers.
function readable(options) {
  const listed = (list) => (list || []).map((row) => ({ ...row, id: bytes(row.id) }));
  const made = { ...options, challenge: bytes(options.challenge) };
  if (options.user) made.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) made.excludeCredentials = listed(options.excludeCredentials);
  if (options.allowCredentials) made.allowCredentials = listed(options.allowCredentials);
  return made;
}

function written(credential) {
  const response = { clientDataJSON: text(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    const value = credential.response[name];
    if (value) response[name] = text(value);
  }
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

function bytes(encoded) {
  const plain = atob(encoded.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function say(form, sentence) {
  form.querySelector("[data-said]").textContent = sentence;
}
