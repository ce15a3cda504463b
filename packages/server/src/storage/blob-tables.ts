/** Which rows name blobs. */

/** The tables whose `sha256` names a blob of `size_bytes`, where it is not null. A test holds this to the schema. */
export const blobTables = [
  'artifact',
  'sbom',
  'vex',
  'module_icon',
  'wordpress_asset',
  'wordpress_shown_asset',
] as const;
