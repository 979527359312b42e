/** Follow the scheme of the system, or the one that was chosen. */

import { byId, makeSvg } from "./elements.js";
import { keep, readKept, t } from "./locale.js";

const KEPT = "ekspresi-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const SUN = "M10 3V1.5M10 18.5V17M3 10H1.5M18.5 10H17M5 5 4 4M16 16l-1-1M5 15l-1 1M16 4l-1 1M13.5 10a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0z";
const MOON = "M16.5 12.2A7 7 0 0 1 7.8 3.5a7 7 0 1 0 8.7 8.7z";

/** Return 'dark' or 'light', as the page looks now. */
export const currentTheme = () => document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light");

/** Apply the kept theme, and connect the button. */
export function startTheme() {
  const kept = readKept(KEPT);
  if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
  byId("theme").addEventListener("click", () => {
    const next = currentTheme() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    keep(KEPT, next);
    drawThemeButton();
  });
  system.addEventListener("change", drawThemeButton);
}

/** Draw the button in the page's language. */
export function drawThemeButton() {
  const dark = currentTheme() === "dark";
  const button = byId("theme");
  button.setAttribute("aria-label", t(dark ? "theme.light" : "theme.dark"));
  button.title = t(dark ? "theme.light" : "theme.dark");
  button.replaceChildren(makeSvg("svg.glyph", { viewBox: "0 0 20 20", "aria-hidden": "true" }, makeSvg("path", { d: dark ? SUN : MOON })));
}
