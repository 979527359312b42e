/** Look for what hinders people on the page: missing names, small targets, poor contrast, parts outside the screen. */

const shown = (one) => one.checkVisibility({ opacityProperty: true, visibilityProperty: true });
const spoken = (one) => shown(one) && !one.closest("[aria-hidden=true]");
const all = (selector) => [...document.querySelectorAll(selector)];

/** List elements that need a name and have none. */
globalThis.findUnnamed = () => {
  const roles = ["radio", "radiogroup", "meter", "img", "progressbar"].map((role) => `[role=${role}]`);
  const needy = all(["button, input, select, a, dialog, section", ...roles].join()).filter(spoken);
  const nameOf = (one) => {
    const by = document.getElementById(one.getAttribute("aria-labelledby") ?? "");
    return one.getAttribute("aria-label") ?? by?.textContent ?? one.textContent;
  };
  return needy.filter((one) => !nameOf(one).trim()).map((one) => one.outerHTML.slice(0, 120));
};

/** List controls below 24 px, the least of WCAG 2.2. */
globalThis.findSmall = () =>
  all("button, input, select, a:not(.skip)")
    .filter(spoken)
    .filter((one) => one.offsetWidth < 24 || one.offsetHeight < 24)
    .map((one) => one.id || one.className);

/** List parts that reach beyond the screen, but for those that scroll or are clipped by themselves. */
globalThis.findBeyond = () =>
  all("main *")
    .filter((one) => shown(one) && !one.closest(".strip, .hidden, svg, .boxes"))
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => one.id || one.className);

/** List texts whose contrast is below AA, with their ratio; and count all texts. */
globalThis.findPale = () => {
  const texts = all("body *")
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()))
    .filter((one) => shown(one) && !one.closest(":disabled, .hidden, .late, .skip, .drop"));
  const pale = texts.map((one) => [one, contrastOf(one)]).filter(([one, ratio]) => ratio < leastContrast(one));
  return [texts.length, pale.map(([one, ratio]) => `${one.textContent.slice(0, 30)}: ${ratio.toFixed(2)}`)];
};

const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

function readColor(color) {
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data];
}

function luminance(color) {
  const linear = color.slice(0, 3).map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

function groundOf(one) {
  for (let at = one; at; at = at.parentElement) {
    const color = readColor(getComputedStyle(at).backgroundColor);
    if (color[3] > 200) return color;
  }
  return [255, 255, 255, 255];
}

function contrastOf(one) {
  const style = getComputedStyle(one);
  const ink = luminance(readColor(one instanceof SVGElement ? style.fill : style.color));
  const ground = luminance(groundOf(one));
  return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
}

function leastContrast(one) {
  const { fontSize, fontWeight } = getComputedStyle(one);
  const size = parseFloat(fontSize);
  return size >= 24 || (size >= 18.66 && fontWeight >= 700) ? 3 : 4.5;
}
