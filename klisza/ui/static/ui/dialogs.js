// <button data-opens="ID"> opens <dialog id="ID">; <button data-closes> closes the one around it.
// Esc, the focus trap and the return of the focus are the browser's own.
export function offerDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      event.preventDefault();
      document.getElementById(opener.dataset.opens)?.showModal();
      return;
    }
    event.target.closest("[data-closes]")?.closest("dialog")?.close();
    // The backdrop belongs to the dialog element itself; everything visible is a child of it.
    if (event.target.matches?.("dialog.dialog[open]") && outside(event.target, event)) event.target.close();
  });
}

function outside(dialog, { clientX, clientY }) {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}
