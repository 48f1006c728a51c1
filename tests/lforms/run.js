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

/** Places as we name them: "dose@1.0" is the dose in the first instance of a group in its second. */
function* places(items, at) {
  const counts = new Map();
  for (const item of items ?? []) {
    const isGroup = item.dataType === "SECTION";
    const loops = isGroup && item._questionRepeatable;
    const number = counts.get(item.linkId) ?? 0;
    counts.set(item.linkId, number + 1);
    yield { item, path: at.length ? `${item.linkId}@${at.join(".")}` : item.linkId };
    yield* places(item.items, loops ? [...at, number] : at);
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

async function one({ questionnaire, response }) {
  const form = LForms.Util.convertFHIRQuestionnaireToLForms(questionnaire, "R4");
  const filled = LForms.Util.mergeFHIRDataIntoLForms(response, form, "R4");
  const data = new LForms.LFormsData(filled);
  if (JSON.stringify(questionnaire).includes("enableWhenExpression")) await data._expressionProcessor.runCalculations(false);
  const enabled = new Set();
  for (const { item, path } of places(data.items, []))
    if (item._skipLogicStatus !== DISABLED && item._enableWhenExpVal !== false) enabled.add(path);
  const given = LForms.Util.getFormFHIRData("QuestionnaireResponse", "R4", data);
  return { enabled: [...enabled].sort(), answered: answered(given.item) };
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
