/** Hands a file that came as the answer to an act to the browser's downloads: what only a POST gives has no address to link to. */

/** Saves `file` as `name`, in which what a file system may take for more than a name becomes `_`. */
export function saveFile(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = name.replace(/[^\w.-]+/g, '_');
  link.click();
  // The browser may begin to read it after the click.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
