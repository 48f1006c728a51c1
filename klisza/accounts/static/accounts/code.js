// Counts down to the moment a new code may be asked for. Without it the page names the time; the server decides anyway.
const wait = document.getElementById("wait");
const button = document.getElementById("again");

if (wait && button) {
  const readyAt = Date.now() + Number(wait.dataset.seconds) * 1000;
  // Read out once at the end only: a voice that counts seconds helps nobody.
  wait.setAttribute("aria-live", "off");
  button.setAttribute("aria-disabled", "true");
  button.addEventListener("click", (event) => {
    if (button.getAttribute("aria-disabled") === "true") event.preventDefault();
  });
  const timer = setInterval(show, 1000);
  show();

  function show() {
    const seconds = Math.ceil((readyAt - Date.now()) / 1000);
    if (seconds > 0) {
      wait.textContent = wait.dataset.text.replace("{seconds}", String(seconds));
      return;
    }
    clearInterval(timer);
    wait.setAttribute("aria-live", "polite");
    wait.textContent = wait.dataset.ready;
    button.removeAttribute("aria-disabled");
  }
}
