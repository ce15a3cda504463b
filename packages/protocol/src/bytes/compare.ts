/** Equality of octets, of public ones: the time that it takes says where they differ. */

/** Whether two strings of octets are the same. */
export function isSameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((octet, index) => octet === right[index]);
}
