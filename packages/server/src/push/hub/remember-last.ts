/** After a restart thousands ask with the same words: what they mean is read once in a row. */

/** `read`, which must depend on its text alone, without reading the same text twice in a row. What it throws is not remembered. */
export function rememberLast<T>(read: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly value: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, value: read(text) };
    return last.value;
  };
}
