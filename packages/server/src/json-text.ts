/** JSON from others, for a schema to judge. */

/** What the text is as JSON; undefined for what is none, which every schema that asks for something refuses. */
export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
