// LHC-Forms without a page: one JSON {questionnaire, response} a line in, one {enabled, answered} a line out.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { JSDOM, VirtualConsole } from "jsdom";

const HERE = new URL("./node_modules/lforms/dist/lforms/", import.meta.url);
const SCRIPTS = ["webcomponent/assets/lib/zone.min.js", "webcomponent/lhc-forms.js", "fhir/R4/lformsFHIR.min.js"];
const DISABLED = "target-disabled";

const dom = new JSDOM("<!doctype html><title>forms</title>", {
  runScripts: "outside-only",
  url: "http://localhost/",
  virtualConsole: new VirtualConsole(), // it warns of what no server can draw
});
for (const name of SCRIPTS) dom.window.eval(readFileSync(new URL(name, HERE), "utf8"));
const { LForms } = dom.window;

const isRepeated = (item) => item._questionRepeatable || (item.answerCardinality?.max === "*" && item.displayControl?.answerLayout?.type !== "RADIO_CHECKBOX");
const isAsked = (item) => item.dataType !== "TITLE";

/** Places as we name them: "dose@1.0" is the dose in the first instance of a group in its second. */
function* places(items, at) {
  const counts = new Map();
  for (const item of items ?? []) {
    const isGroup = item.dataType === "SECTION";
    const isSeries = !isGroup && isRepeated(item) && (item.items ?? []).some(isAsked);
    const number = counts.get(item.linkId) ?? 0;
    counts.set(item.linkId, number + 1);
    const inside = isSeries || (isGroup && item._questionRepeatable) ? [...at, number] : at;
    const own = isSeries ? inside : at;
    yield { item, path: own.length ? `${item.linkId}@${own.join(".")}` : item.linkId };
    yield* places(item.items, inside);
  }
}

function answered(items, found = {}) {
  for (const item of items ?? []) {
    if (item.answer) found[item.linkId] = (found[item.linkId] ?? 0) + item.answer.length;
    for (const answer of item.answer ?? []) answered(answer.item, found);
    answered(item.item, found);
  }
  return found;
}

/** linkId -> values of what expressions work out. */
function worked(items, ids, found = {}) {
  for (const item of items ?? []) {
    if (ids.has(item.linkId)) found[item.linkId] = (item.answer ?? []).map((answer) => Object.values(answer)[0]);
    worked(item.item, ids, found);
    for (const answer of item.answer ?? []) worked(answer.item, ids, found);
  }
  return found;
}

function* calculatedOf(items) {
  for (const item of items ?? []) {
    if (item.extension?.some(({ url }) => url.endsWith("sdc-questionnaire-calculatedExpression"))) yield item.linkId;
    yield* calculatedOf(item.item);
  }
}

async function one({ questionnaire, response, calculate }) {
  const form = LForms.Util.convertFHIRQuestionnaireToLForms(questionnaire, "R4");
  const filled = LForms.Util.mergeFHIRDataIntoLForms(response, form, "R4");
  const data = new LForms.LFormsData(filled);
  // Else it takes what is missing from a saved response for deleted by the person.
  if (calculate) data.hasSavedData = false;
  if (calculate || JSON.stringify(questionnaire).includes("enableWhenExpression")) await data._expressionProcessor.runCalculations(false);
  const enabled = new Set();
  for (const { item, path } of places(data.items, []))
    if (item._skipLogicStatus !== DISABLED && item._enableWhenExpVal !== false) enabled.add(path);
  const given = LForms.Util.getFormFHIRData("QuestionnaireResponse", "R4", data);
  const calculated = calculate ? worked(given.item, new Set(calculatedOf(questionnaire.item))) : {};
  return { enabled: [...enabled].sort(), answered: answered(given.item), calculated };
}

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = await one(JSON.parse(line));
  } catch (fault) {
    said = { fault: String(fault?.stack ?? fault).slice(0, 600) };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
process.exit(0);
