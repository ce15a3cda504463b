/** Addresses of electronic mail (RFC 5321, 4.1.2), as strictly as it takes to write them into a header and a command unchanged. */

/** RFC 5321, 4.5.3.1: what a path may hold. */
const maxAddress = 254;
const local = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const label = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/**
 * The address with its host in lower case, or undefined. No name before it, no quotes, no comment, no list, no address of a machine: ASCII
 * alone, so that nothing in it can end a line or begin another recipient.
 */
export function parseMailAddress(text: string): string | undefined {
  if (text.length > maxAddress) return undefined;
  const at = text.lastIndexOf('@');
  const [name, host] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  if (name.length > 64 || !local.test(name)) return undefined;
  const labels = host.split('.');
  if (!labels.every((part) => label.test(part)) || /^\d+$/.test(labels.at(-1) ?? '')) return undefined;
  return `${name}@${host.toLowerCase()}`;
}
