/** Tables of the plane of modules: collections, modules and the catalogues that show them. */

/**
 * What a module has beside its project; primary key project_id, collection_id names a project of kind `module_collection`. `category` is a JSON locale
 * map, `requires_permissions` a JSON array. `pending`: its entry in the catalogue may not be what it should.
 */
export interface ModuleTable {
  project_id: string;
  organisation_id: string;
  collection_id: string;
  category: string;
  requires_permissions: string;
  info_url: string | null;
  trust_level: 'official' | 'verified' | 'community';
  pending: number;
}

/**
 * The catalogue in force, primary key collection_id. `version` only grows; 0: none was signed yet. `head` is what the catalogue says of itself
 * (JSON), its entries are rows of their own: together they are what was signed. `trust_digest` and `base`: under which trust list, and for which address,
 * the entries were made. `behind_since`: something waits to be signed.
 */
export interface CatalogueTable {
  collection_id: string;
  version: number;
  head: string | null;
  key_id: string | null;
  signature: string | null;
  digest: string | null;
  size_bytes: number;
  issued_at: number;
  expires_at: number;
  trust_digest: string | null;
  base: string | null;
  behind_since: number | null;
}

/**
 * An entry as it was signed, primary key module_id: its canonical text, which release it offers, the ids of the keys whose signatures count for
 * it (separated by spaces), and when its manifest ends.
 */
export interface CatalogueEntryTable {
  module_id: string;
  collection_id: string;
  release_id: string;
  slug: string;
  document: string;
  key_ids: string;
  expires_at: number;
}

/**
 * A file of an icon, primary key id: the picture as it was written anew, or the PNG of a drawing. At most one of each `part` is in force (`ended_at` null)
 * by module: partial unique index. `sha256` names the blob; width and height in pixels, of a drawing in user units.
 */
export interface ModuleIconTable {
  id: string;
  module_id: string;
  part: 'picture' | 'rendition';
  media_type: 'image/png' | 'image/jpeg' | 'image/webp' | 'image/svg+xml';
  sha256: string;
  size_bytes: number;
  width: number;
  height: number;
  created_at: number;
  ended_at: number | null;
}
