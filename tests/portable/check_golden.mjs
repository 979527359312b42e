// Run a portable model on the golden cases with ONNX Runtime Web; print the largest differences as JSON.
//
//     node check_golden.mjs ORT_FOLDER MODEL.onnx golden.json [recognizer.json]
//
// recognizer.json has the prior for models that need all inputs.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, model, golden, card] = process.argv.slice(2);
const ort = await import(pathToFileURL(`${folder}/ort.wasm.min.mjs`));
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";
const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(model)), { logSeverityLevel: 3 });
const { labels, cases } = JSON.parse(readFileSync(golden, "utf-8"));
const worst = { probabilities: 0, effective_px: 0, abstained: 0 };
const extra = {
  crops: new ort.Tensor("int32", new Int32Array(0), [0, 4]),
  assumed_px: new ort.Tensor("float32", new Float32Array(0), [0]),
};
if (card) {
  const { priors } = JSON.parse(readFileSync(card, "utf-8"));
  extra.prior = new ort.Tensor("float32", Float32Array.from(priors.trained), [labels.length]);
}
for (const each of cases) {
  const image = Uint8Array.from(Buffer.from(each.image, "base64"));
  const feeds = {
    image: new ort.Tensor("uint8", image, [each.height, each.width, each.channels]),
    boxes: new ort.Tensor("float32", Float32Array.from(each.boxes.flat()), [each.boxes.length, 4]),
  };
  for (const name of session.inputNames) feeds[name] ??= extra[name];
  const found = await session.run(feeds);
  const expected = each.probabilities.flat();
  expected.forEach((value, i) => {
    worst.probabilities = Math.max(worst.probabilities, Math.abs(value - found.probabilities.data[i]));
  });
  each.effective_px.forEach((value, i) => {
    worst.effective_px = Math.max(worst.effective_px, Math.abs(value - found.effective_px.data[i]));
    worst.abstained += Number(each.abstained[i] !== Boolean(found.abstained.data[i]));
  });
}
console.log(JSON.stringify({ ...worst, cases: cases.length, inputs: session.inputNames }));
