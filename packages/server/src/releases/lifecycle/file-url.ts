/** Where a file of a release is found. */

/** The path of a file below a client's base URL; what manifests sign. */
export function fileUrl(slug: string, version: string, name: string): string {
  return `/${slug}/${encodeURIComponent(version)}/${encodeURIComponent(name)}`;
}
