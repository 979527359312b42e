/** Keep the page's own files for use without a network. */

import { byId } from "./elements.js";
import { t } from "./locale.js";

let text = "";

/** Register the service worker, where the browser allows one. */
export async function startOffline() {
  if (!("serviceWorker" in navigator) || !isSecureContext) return;
  try {
    const registration = await navigator.serviceWorker.register("service-worker.js");
    registration.addEventListener("updatefound", () => {
      if (registration.active) show("offline.update");
    });
    const first = registration.active ? null : registration.installing;
    first?.addEventListener("statechange", () => {
      if (first.state === "redundant" && !registration.active) show("offline.failed"); // `ready` then never comes
    });
    await navigator.serviceWorker.ready;
    if (!registration.installing && !registration.waiting) show("offline.ready");
  } catch {
    show("offline.failed");
  }
}

function show(key) {
  text = key;
  drawOffline();
}

/** Draw the line in the page's language. */
export function drawOffline() {
  byId("offline").textContent = text ? t(text) : "";
}
