/** Hands a file that came as the answer to an act to the browser's downloads: what only a POST gives has no address to link to. */

/** The name under which a file of this name is saved: what a file system may take for more than a name becomes `_`. */
export function fileNameOf(name: string): string {
  return name.replace(/[^\w.-]+/g, '_');
}

/** Saves `file` as `fileNameOf(name)`. */
export function saveFile(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = fileNameOf(name);
  link.click();
  // The browser may begin to read it after the click.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
