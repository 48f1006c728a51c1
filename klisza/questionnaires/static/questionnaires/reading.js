// What the controls of one place say, as FHIR answers: like klisza/questionnaires/forms/entry.py, but without
// complaints. What cannot be read counts as not answered until the server has spoken.

const OTHER = "other";

export function readAnswers(field, form) {
  const { name } = field;
  const all = (part = "") => [...form.querySelectorAll(`[name="${CSS.escape(name + part)}"]`)];
  const texts = (part = "") => all(part).map((one) => one.value.trim());
  const given = (answer) => answer !== null;
  switch (field.control) {
    case "radios":
    case "checks":
      return all()
        .filter((one) => one.checked)
        .map((one) => chosen(field, one.value, texts(`-${OTHER}`)[0] || ""))
        .filter(given);
    case "select":
      return texts()
        .map((text) => chosen(field, text, texts(`-${OTHER}`)[0] || ""))
        .filter(given);
    case "number":
      return texts().map((text) => number(field, text)).filter(given);
    case "quantity":
      return texts().map((text, row) => quantity(field, text, texts("-unit")[row] ?? "")).filter(given);
    case "date":
      return texts("-year").map((_year, row) => date(field, texts, row)).filter(given);
    case "time":
      return texts().filter(Boolean).map((text) => ({ valueTime: `${text.slice(0, 5)}:00` }));
    default:
      return texts().filter(Boolean).map((text) => words(field, text));
  }
}

function chosen(field, value, other) {
  if (field.kind === "boolean") return value ? { valueBoolean: value === "true" } : null;
  if (value === OTHER) return other ? { valueString: other } : null;
  return value === "" ? null : field.options[Number(value)] || null;
}

function toNumber(text) {
  const number = Number(text.replace(",", ".").replace(/[\s\u00a0]/g, ""));
  return text && Number.isFinite(number) ? number : null;
}

function number(field, text) {
  const value = toNumber(text);
  if (value === null || (field.kind === "integer" && !Number.isInteger(value))) return null;
  return field.kind === "integer" ? { valueInteger: value } : { valueDecimal: value };
}

function quantity(field, text, unit) {
  const value = toNumber(text);
  if (value === null) return null;
  const named = field.choose ? field.units[Number(unit)] : field.units[0];
  return { valueQuantity: { value, ...(named || (unit ? { unit } : {})) } };
}

function date(field, texts, row) {
  const [day, month, year] = ["-day", "-month", "-year"].map((part) => texts(part)[row] || "");
  if (!/^\d{4}$/.test(year) || (day && !month)) return null;
  const text = [year, month, day].filter(Boolean).map((part) => part.padStart(2, "0")).join("-");
  return field.kind === "date" ? { valueDate: text } : { valueDateTime: text };
}

function words(field, text) {
  if (field.kind === "url") return { valueUri: text.includes("://") ? text : `https://${text}` };
  return { valueString: text };
}
