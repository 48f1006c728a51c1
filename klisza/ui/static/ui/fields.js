// A page that comes back with errors starts reading at their list.
export function focusErrors() {
  document.querySelector("[data-take-focus]")?.focus();
}

// The button is made here because without scripts it could do nothing.
export function offerToShowPasswords() {
  for (const box of document.querySelectorAll("[data-show-password]")) {
    const input = box.querySelector("input");
    const { showPassword, hidePassword, passwordShown, passwordHidden } = box.dataset;
    const button = document.createElement("button");
    const status = document.createElement("span");
    button.type = "button";
    button.className = "button";
    button.textContent = showPassword;
    button.setAttribute("aria-controls", input.id);
    status.className = "visually-hidden";
    status.setAttribute("role", "status");

    const show = (visible) => {
      input.type = visible ? "text" : "password";
      button.textContent = visible ? hidePassword : showPassword;
    };
    button.addEventListener("click", () => {
      const visible = input.type === "password";
      show(visible);
      status.textContent = visible ? passwordShown : passwordHidden;
    });
    // Password managers and the browser's memory look at the type when the form leaves.
    input.form?.addEventListener("submit", () => show(false));
    box.append(button, status);
  }
}
