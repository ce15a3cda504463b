/** What a migration is made of. */

/** One step. The statements are SQLite's dialect of STRICT tables; see `translate`. */
export interface Migration {
  /** Its number and a word, such as `0001_foundation`. Never changed once released, nor are the statements. */
  readonly name: string;
  readonly statements: readonly string[];
}
