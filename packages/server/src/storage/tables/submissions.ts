/** Tables of the authors of modules: who they are, what they own, what they hand in. */

/** Somebody who hands in modules of one collection; whichever keys they have, they stay the same author. */
interface ModuleAuthorTable {
  id: string;
  organisation_id: string;
  collection_id: string;
  name: string;
  created_at: number;
}

/** An API key of an author, primary key api_key_id. */
interface ModuleAuthorKeyTable {
  api_key_id: string;
  author_id: string;
}

/**
 * Whose a module is, primary key module_id; one without a row is the vendor's own. `public_key` (base64): the author's own key, as a manager
 * approved it last. `approved_at`: when the first submission was approved; null while the module is only proposed.
 */
interface ModuleOwnershipTable {
  module_id: string;
  collection_id: string;
  author_id: string;
  public_key: string | null;
  approved_at: number | null;
}

/**
 * A version of a module as an author handed it in. `receiving` until its upload has ended, then `submitted`, or `failed` (the inspection refused it, why is
 * in `failure` as JSON) or `lapsed` (the bytes never came); at last `withdrawn` by the author, `refused` or `approved` by a manager. `facts`: what the
 * catalogue is to say of the module, once it is approved (JSON). `sha256` and `file_name`: of the file, once it is accepted, whatever becomes of it. `note`: the manager's word. `public_key` and `signature` (base64) with `author_counter`: the author's own.
 */
interface SubmissionTable {
  id: string;
  organisation_id: string;
  collection_id: string;
  module_id: string;
  author_id: string;
  api_key_id: string;
  version: string;
  state: 'receiving' | 'submitted' | 'failed' | 'lapsed' | 'withdrawn' | 'refused' | 'approved';
  facts: string | null;
  upload_id: string;
  size_bytes: number;
  release_id: string | null;
  artifact_id: string | null;
  sha256: string | null;
  file_name: string | null;
  failure: string | null;
  note: string | null;
  public_key: string | null;
  signature: string | null;
  author_counter: number | null;
  created_at: number;
  updated_at: number;
}

/** The tables by name. */
export interface SubmissionSchema {
  module_author: ModuleAuthorTable;
  module_author_key: ModuleAuthorKeyTable;
  module_ownership: ModuleOwnershipTable;
  submission: SubmissionTable;
}
