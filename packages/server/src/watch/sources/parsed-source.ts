/** What the parser of an ecosystem finds in a reference. */

/** A source as the parser of its ecosystem finds it, without the prefix. */
export interface ParsedSource {
  readonly name: string;
  readonly label?: string | undefined;
  readonly digest?: string | undefined;
}
