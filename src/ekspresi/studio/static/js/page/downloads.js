/** Hand a file to the person: the browser saves it, nothing is sent. */

/**
 * Save a file.
 *
 * @param {Blob} blob
 * @param {string} name proposed file name.
 */
export function saveFile(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Replace the suffix of a file name. */
export const withSuffix = (name, suffix) => name.replace(/\.[^.]*$/, "") + suffix;
