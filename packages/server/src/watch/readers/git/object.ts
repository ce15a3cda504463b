/** Tags and commits of git, and the signatures in them (git-hash-object(1), gitformat-signature(5)). */
import type { GitObject } from './pack.ts';

/** What a tag or commit says of itself. */
export interface SignedObject {
  /** Of a tag: what it points to, and what whoever made it called it. */
  readonly target: string | undefined;
  readonly name: string | undefined;
  /** Unix ms, as whoever made it says. */
  readonly madeAt: number | undefined;
  readonly signature: ObjectSignature | undefined;
}

/** A signature, armored, and what it is over. */
export interface ObjectSignature {
  readonly kind: 'ssh' | 'gpg' | 'x509';
  readonly armor: string;
  readonly signed: Uint8Array<ArrayBuffer>;
}

const kinds = [
  ['-----BEGIN SSH SIGNATURE-----', 'ssh'],
  ['-----BEGIN PGP SIGNATURE-----', 'gpg'],
  ['-----BEGIN PGP MESSAGE-----', 'gpg'],
  ['-----BEGIN SIGNED MESSAGE-----', 'x509'],
] as const;

/** Reads one. Bytes are kept as they are: what is signed need not be text. */
export function readSignedObject({ type, data }: GitObject): SignedObject {
  // Latin-1 has a character for each byte.
  const text = Buffer.from(data).toString('latin1');
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  const person = new RegExp(`^${type === 'tag' ? 'tagger' : 'committer'} .* (\\d{1,12}) [+-]\\d{4}$`, 'm').exec(head);
  return {
    target: type === 'tag' ? /^object ([0-9a-f]{40,64})$/m.exec(head)?.[1] : undefined,
    name: type === 'tag' ? /^tag (.+)$/m.exec(head)?.[1] : undefined,
    madeAt: person ? Number(person[1]) * 1000 : undefined,
    // A commit's says nothing of a tag: whoever may push hangs tags on any commit.
    signature: type === 'tag' ? findTagSignature(text) : undefined,
  };
}

/** The last one, which stands at the end of the message and is over all before it. */
function findTagSignature(text: string): ObjectSignature | undefined {
  const places = kinds.map(([begin, kind]) => ({ kind, at: text.lastIndexOf(`\n${begin}`) }));
  const [{ kind, at } = { kind: 'ssh', at: -1 } as const] = places.sort((left, right) => right.at - left.at);
  return at < 0 ? undefined : { kind, armor: text.slice(at + 1), signed: bytesOf(text.slice(0, at + 1)) };
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
