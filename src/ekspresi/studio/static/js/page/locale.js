/** Give texts, names and numbers in the chosen language. */

import { INDONESIAN, UNSURE } from "../definitions.js";

/** Language -> its own name. */
export const LANGUAGES = { en: "English", id: "Bahasa Indonesia" };

const KEPT = "ekspresi-language";
let language = "en";
let texts = {};

/** Return the language that the page is in. */
export const currentLanguage = () => language;

/** Choose the language: the one that was kept, else the browser's, else English. */
export function preferredLanguage() {
  const kept = readKept(KEPT);
  if (kept in LANGUAGES) return kept;
  const known = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  return known.find((tag) => tag in LANGUAGES) ?? "en";
}

/** Load the texts of a language and write them into the page. */
export async function loadLanguage(chosen) {
  const answer = await fetch(`locales/${chosen}.json`);
  if (!answer.ok) throw new Error(`locales/${chosen}.json: ${answer.status}`);
  texts = await answer.json();
  language = chosen;
  document.documentElement.lang = chosen;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
}

/**
 * Give a text. A text with forms (`{"one": ..., "other": ...}`) is chosen by `values.count`.
 *
 * @param {string} key
 * @param {object} [values] for the places in braces; an empty one takes the space before it away.
 */
export function t(key, values = {}) {
  let text = texts[key] ?? key;
  if (typeof text === "object") text = text[new Intl.PluralRules(language).select(values.count)] ?? text.other;
  return text.replace(/ ?\{(\w+)\}/g, (place, name) => {
    const value = String(values[name] ?? `{${name}}`);
    return value && place.startsWith(" ") ? ` ${value}` : value;
  });
}

/** Name an expression, or the answer where the model abstains. */
export function nameOf(label) {
  if (label === UNSURE) return t("unsure");
  return language === "id" ? (INDONESIAN[label] ?? label) : label;
}

/** Write a name with a capital letter, as a heading. */
export const titled = (text) => text.charAt(0).toLocaleUpperCase(language) + text.slice(1);

/** Write a number with at most `digits` decimals. */
export const formatNumber = (value, digits = 0) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);

/** Write a probability as a whole percentage, but never as 0% or 100%. */
export function formatPercent(probability) {
  const whole = Math.round(100 * probability);
  if (whole === 0) return "<1%";
  return whole === 100 ? ">99%" : `${whole}%`;
}

/** Write seconds as a clock shows them. */
export function formatClock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Remember a choice; a browser that forbids it still runs the page. */
export function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Private windows may refuse; the choice then lasts until the page closes.
  }
}

/** Read a choice that was kept, or null. */
export function readKept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Remember the language. */
export const keepLanguage = (chosen) => keep(KEPT, chosen);
