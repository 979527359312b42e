/** Let people take pixels away from the chosen face, by the slider, its keys, or the curve. */

import { drawCurve, describeCurve, plotArea, summarizeSizes } from "./curve.js";
import { byId, make } from "./elements.js";
import { drawCrop } from "./faces.js";
import { nameOf, t } from "./locale.js";
import { answerOf, confidenceText } from "./predictions.js";
import { makeScale, nearestPosition, TICKS_PX } from "./size_scale.js";
import { positionsOf } from "./view.js";

const THUMB_PX = 30; // width of the slider's thumb, as in controls.css
const FILM_PX = 44; // smallest distance of two small pictures below the slider
const FILM_PHONE_PX = 30;
const STEPS = 1000; // of the slider, from the face as it is to the smallest size

/**
 * Start the slider and its curve.
 *
 * @param {object} store of the page.
 * @param {object} engine answers at all sizes.
 * @param {function(Error): void} fail
 */
export function startSizeLab(store, engine, fail) {
  const slider = byId("size");
  let job = null;
  store.on(["faces", "selected", "live", "prior"], async ({ faces, selected, live, prior }) => {
    const face = faces[selected];
    if (job?.face === face && job?.live === live) return;
    job?.stop.abort();
    job = { face, live, stop: new AbortController() };
    const { signal } = job.stop;
    store.set({ sizes: null, position: 0 });
    if (!face || live) return;
    try {
      const sizes = await engine.sizes({ crop: face.crop, prior, signal });
      if (!signal.aborted) store.set({ sizes });
    } catch (error) {
      if (!signal.aborted && error.name !== "AbortError") fail(error);
    }
  });
  store.on(["faces", "selected", "sizes", "position", "language", "labels", "live"], () => draw(store.state, slider));
  store.on(["faces", "selected", "sizes", "live"], () => drawFilms(store));
  store.on(["position"], markFilm);
  new ResizeObserver(() => {
    draw(store.state, slider);
    drawFilms(store);
  }).observe(byId("curve"));
  connectSlider(store, slider);
  connectCurve(store);
}

function connectSlider(store, slider) {
  let pressed = false;
  slider.addEventListener("pointerdown", () => (pressed = true));
  for (const name of ["pointerup", "pointercancel", "change"]) slider.addEventListener(name, () => (pressed = false));
  slider.addEventListener("input", () => {
    const sizesPx = positionsOf(store.state).map(({ px }) => px);
    const { position } = store.state;
    const value = slider.valueAsNumber;
    let next = nearestPosition(sizesPx, value / STEPS);
    // A screen reader may move the slider by one of its steps, which is less than a size.
    if (!pressed && next === position) next += Math.sign(value - STEPS * makeScale(sizesPx[0])(sizesPx[position]));
    moveTo(store, next);
    draw(store.state, slider);
  });
  slider.addEventListener("keydown", (event) => {
    const last = positionsOf(store.state).length - 1;
    const { position } = store.state;
    const next = { ArrowRight: position + 1, ArrowUp: position + 1, ArrowLeft: position - 1, ArrowDown: position - 1, Home: 0, End: last, PageUp: position - 8, PageDown: position + 8 }[event.key];
    if (next === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    moveTo(store, next);
  });
}

function connectCurve(store) {
  const curve = byId("curve");
  const follow = (event) => {
    const { left, width } = plotArea();
    const fraction = (event.clientX - curve.getBoundingClientRect().left - left) / width;
    const sizesPx = positionsOf(store.state).map(({ px }) => px);
    if (sizesPx.length > 1) moveTo(store, nearestPosition(sizesPx, fraction));
  };
  curve.addEventListener("pointerdown", (event) => {
    curve.setPointerCapture(event.pointerId);
    follow(event);
  });
  curve.addEventListener("pointermove", (event) => {
    if (curve.hasPointerCapture(event.pointerId)) follow(event);
  });
}

/** Draw the face at some of its sizes below the slider, each at its place. */
function drawFilms(store) {
  const positions = positionsOf(store.state);
  const { left, width } = plotArea();
  const apart = width < 260 ? FILM_PHONE_PX : FILM_PX;
  const films = [];
  let free = -Infinity;
  positions.forEach(({ px, crop, prediction }, i) => {
    if (positions.length < 2 || (i > 0 && !TICKS_PX.includes(px))) return;
    const x = left + width * makeScale(positions[0].px)(px);
    if (x < free) return;
    free = x + apart;
    const canvas = make("canvas");
    drawCrop(canvas, crop);
    const film = make(prediction.abstained ? "button.film.unsure" : "button.film", { type: "button", tabindex: -1, "--x": `${x}px`, "data-position": i }, canvas);
    film.addEventListener("click", () => moveTo(store, i));
    films.push(film, make("span.film-size", { "--x": `${x}px` }, `${px}`));
  });
  byId("films").replaceChildren(...films);
  markFilm(store.state);
}

function markFilm({ position }) {
  for (const film of byId("films").querySelectorAll(".film")) film.classList.toggle("here", Number(film.dataset.position) === position);
}

function moveTo(store, position) {
  const last = positionsOf(store.state).length - 1;
  store.set({ position: Math.max(0, Math.min(last, position)) });
}

function draw(state, slider) {
  const positions = positionsOf(state);
  const { labels, live } = state;
  const at = Math.min(state.position, positions.length - 1);
  const ready = positions.length > 1;
  if (!live) drawCurve(positions, labels, at);
  slider.disabled = !ready;
  const { left, width } = plotArea();
  const section = slider.parentElement;
  section.classList.toggle("live", live);
  section.style.setProperty("--from", `${left - THUMB_PX / 2}px`);
  section.style.setProperty("--span", `${width + THUMB_PX}px`);
  byId("size-now").textContent = positions.length ? positions[at].px : "–";
  let summary = "";
  if (ready && state.sizes) summary = summarizeSizes(positions, labels);
  else if (positions.length) summary = t(live ? "summary.live" : state.sizes ? "summary.smallest" : "summary.waiting");
  byId("sizes-summary").textContent = summary;
  byId("curve-text").textContent = ready ? describeCurve(positions, labels) : "";
  if (!positions.length) return;
  const { px, prediction } = positions[at];
  slider.value = STEPS * makeScale(positions[0].px)(px);
  const values = { px, name: nameOf(answerOf(prediction, labels)), confidence: confidenceText(prediction) };
  slider.setAttribute("aria-valuetext", t("size.value", values));
}
