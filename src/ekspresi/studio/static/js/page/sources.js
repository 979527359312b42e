/** Take pictures from a file dialog, a drop, the clipboard, or the examples. */

import { byId } from "./elements.js";
import { showNotice } from "./notices.js";

/** Example that the page opens with. */
const FIRST_EXAMPLE = "corridor.jpg";

let asked = 0; // pictures and cameras so far; an example that arrives after a later one is not shown

/**
 * Connect all ways to open a picture.
 *
 * @param {function(Blob, string, ?string): void} open shows a picture: blob, name, example.
 * @returns {function(): Promise<void>} opens the first example.
 */
export function connectSources(open) {
  const openFile = (blob) => {
    asked += 1;
    open(blob, blob.name);
  };
  const file = byId("file");
  byId("open").addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    if (file.files[0]) openFile(file.files[0]);
    file.value = "";
  });
  document.addEventListener("paste", ({ clipboardData }) => {
    const item = [...clipboardData.files].find(({ type }) => type.startsWith("image/"));
    if (item) openFile(item);
  });
  byId("camera").addEventListener("click", () => (asked += 1));
  connectDrop(openFile);
  for (const button of document.querySelectorAll("[data-example]")) {
    button.addEventListener("click", () => openExample(button.dataset.example, open));
  }
  return () => openExample(FIRST_EXAMPLE, open);
}

async function openExample(name, open) {
  asked += 1;
  const mine = asked;
  const blob = await load(`examples/${name}`).catch(() => null);
  if (mine !== asked) return;
  if (blob) open(blob, name, name);
  else showNotice("missing", { name });
}

async function load(address) {
  const answer = await fetch(address);
  return answer.ok ? answer.blob() : null;
}

function connectDrop(openFile) {
  const stage = byId("stage");
  let inside = 0; // elements that the pointer has entered and not left
  const holdsFile = ({ dataTransfer }) => [...dataTransfer.types].includes("Files");
  const show = () => stage.classList.toggle("dragging", inside > 0);
  document.addEventListener("dragenter", (event) => {
    if (holdsFile(event)) inside += 1;
    show();
  });
  document.addEventListener("dragleave", (event) => {
    if (holdsFile(event)) inside = Math.max(0, inside - 1);
    show();
  });
  document.addEventListener("dragover", (event) => {
    if (holdsFile(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    inside = 0;
    show();
    if (!holdsFile(event)) return;
    event.preventDefault();
    const [first] = event.dataTransfer.files;
    if (first) openFile(first);
  });
}
