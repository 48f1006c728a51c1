// Decides which places of a survey are asked, as klisza/standards/questionnaire/logic.py does.
// rules: {path: {in, all, when: [[path or paths asked, operator, answer]], never}}; answers: {path: [FHIR answers]}.

export function enabled(rules, answers) {
  const known = new Map();

  const isEnabled = (path) => {
    if (!known.has(path)) {
      known.set(path, false); // conditions never go round in a circle; this is for a damaged page
      known.set(path, decide(path));
    }
    return known.get(path);
  };

  // Of one place, or of all answers of a question that are places of their own.
  const said = (asked) => [asked].flat().flatMap((path) => (isEnabled(path) ? answers[path] || [] : []));

  const decide = (path) => {
    const rule = rules[path];
    if (!rule || rule.never) return false;
    if (rule.in !== undefined && !isEnabled(rule.in)) return false;
    if (!rule.when) return true;
    const met = ([asked, operator, answer]) => holds(operator, answer, said(asked));
    return rule.all ? rule.when.every(met) : rule.when.some(met);
  };

  return new Set(Object.keys(rules).filter(isEnabled));
}

export function holds(operator, wanted, said) {
  switch (operator) {
    case "exists":
      return said.length > 0 === wanted.valueBoolean;
    case "=":
      return said.some((one) => same(one, wanted));
    case "!=":
      return !said.some((one) => same(one, wanted));
    default:
      return said.some((one) => isOrdered(operator, order(one, wanted)));
  }
}

function isOrdered(operator, sign) {
  if (sign === null) return false;
  if (operator === ">") return sign > 0;
  if (operator === "<") return sign < 0;
  return operator === ">=" ? sign >= 0 : sign <= 0;
}

const keyOf = (answer) => Object.keys(answer).find((key) => key.startsWith("value")) || "";
const valueOf = (answer) => answer[keyOf(answer)];
const isObject = (value) => typeof value === "object" && value !== null;
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const unitOf = (quantity) => quantity.code || quantity.unit || "";

export function same(one, other) {
  const mine = valueOf(one);
  const theirs = valueOf(other);
  if (isObject(mine) && isObject(theirs)) {
    if ("value" in mine || "value" in theirs) return unitOf(mine) === unitOf(theirs) && mine.value === theirs.value;
    if (mine.code && theirs.code) return mine.code === theirs.code && (mine.system || "") === (theirs.system || "");
    return mine.display === theirs.display && mine.code === theirs.code;
  }
  return mine === theirs;
}

function order(one, other) {
  let mine = valueOf(one);
  let theirs = valueOf(other);
  if (isObject(mine) && isObject(theirs)) {
    if (!("value" in mine) || !("value" in theirs) || unitOf(mine) !== unitOf(theirs)) return null;
    mine = mine.value;
    theirs = theirs.value;
  }
  if (isNumber(mine) && isNumber(theirs)) return Math.sign(mine - theirs);
  if (typeof mine === "string" && typeof theirs === "string") return orderOfTexts(keyOf(one), mine, theirs);
  return null;
}

function orderOfTexts(key, mine, theirs) {
  if (key === "valueTime") return compare(withSeconds(mine), withSeconds(theirs));
  if ((key === "valueDate" || key === "valueDateTime") && mine.length !== theirs.length) {
    const short = Math.min(mine.length, theirs.length, 10);
    if (mine.slice(0, short) === theirs.slice(0, short)) return null;
  }
  return compare(mine, theirs);
}

const withSeconds = (time) => (time.length > 5 ? time : `${time}:00`);
const compare = (mine, theirs) => (mine > theirs) - (mine < theirs);
