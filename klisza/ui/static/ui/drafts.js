// What a person has changed in the forms of this page, passwords aside.
export function gatherDrafts() {
  return [...document.querySelectorAll("main input, main textarea, main select")].filter(isChanged);
}

function isChanged(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.type === "file") return field.files.length > 0;
  if (["hidden", "password", "submit", "button"].includes(field.type)) return false;
  if (field instanceof HTMLSelectElement) return [...field.options].some((one) => one.selected !== one.defaultSelected && one.index > 0);
  return field.value !== field.defaultValue;
}
