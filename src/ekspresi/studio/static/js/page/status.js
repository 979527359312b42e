/** Say in one line what the page is doing, and announce the answer to screen readers. */

import { byId, fillChoices } from "./elements.js";
import { currentLanguage, LANGUAGES, nameOf, t } from "./locale.js";
import { answerOf, confidenceText, predictionOf } from "./predictions.js";

const ANNOUNCE_MS = 3000; // between two announcements while the camera runs
const SMALLEST_PX = [12, 24, 40];
const PRIORS = ["trained", "uniform"];

/**
 * Start the line of status, the settings and the announcements.
 *
 * @param {object} store of the page.
 * @param {function(string): void} chooseLanguage
 */
export function startStatus(store, chooseLanguage) {
  store.on(["phase", "busy", "faces", "live", "language", "loaded", "analyzed", "picture"], draw);
  store.on(["language", "minFacePx", "prior"], ({ minFacePx, prior }) => {
    const languages = Object.entries(LANGUAGES).map(([value, label]) => ({ value, text: value.toUpperCase(), label }));
    fillChoices(byId("language"), languages, currentLanguage(), chooseLanguage);
    fillChoices(byId("smallest"), SMALLEST_PX.map((value) => ({ value, text: `${value} px` })), minFacePx, (value) => store.set({ minFacePx: value }));
    fillChoices(byId("prior"), PRIORS.map((value) => ({ value, text: t(`prior.${value}`) })), prior, (value) => store.set({ prior: value }));
    byId("prior-hint").textContent = t(`prior.${prior}.hint`);
  });
  let said = { text: "", at: 0 };
  store.on(["faces", "selected", "language"], (state) => {
    const face = state.faces[state.selected];
    const now = performance.now();
    if (!face || (state.live && now - said.at < ANNOUNCE_MS)) return;
    const prediction = predictionOf(face);
    const number = face.track ?? state.selected + 1;
    // While the camera runs, only a change of the answer is worth a word.
    const text = t("announce", { number, name: nameOf(answerOf(prediction, state.labels)), confidence: state.live ? "" : confidenceText(prediction) });
    if (text === said.text) return;
    said = { text, at: now };
    byId("announcer").textContent = text;
  });
}

function draw(state) {
  const { phase, busy, picture, loaded } = state;
  const progress = byId("stage-progress");
  const working = phase === "loading" || (busy && phase === "ready");
  progress.hidden = !working;
  progress.setAttribute("aria-label", t(phase === "loading" ? "status.loading" : "status.busy"));
  progress.classList.toggle("running", phase !== "loading");
  progress.style.setProperty("--done", phase === "loading" ? `${Math.round(100 * loaded)}%` : "30%");
  if (phase === "loading") progress.setAttribute("aria-valuenow", Math.round(100 * loaded));
  else progress.removeAttribute("aria-valuenow");
  byId("stage").classList.toggle("busy", working);
  byId("stage").classList.toggle("mirrored", state.mirrored);
  byId("stage").setAttribute("aria-label", t("stage.label", { name: picture?.name ?? "" }));
  for (const button of document.querySelectorAll("[data-example]")) {
    button.setAttribute("aria-pressed", picture?.example === button.dataset.example ? "true" : "false");
  }
  // A line that changes with every frame would never let a screen reader finish.
  const text = statusText(state);
  if (byId("status").textContent !== text) byId("status").textContent = text;
}

function statusText({ phase, busy, live, faces, picture, analyzed }) {
  if (phase === "failed") return t("status.failed");
  if (phase === "loading") return t("status.loading");
  if (busy) return t("status.busy");
  if (live) return t("status.live");
  if (!picture || !analyzed) return picture ? t("status.stopped") : t("status.empty");
  const found = t("status.found", { count: faces.length });
  return picture.example ? `${t(`status.${picture.example}`)} ${found}` : found;
}
