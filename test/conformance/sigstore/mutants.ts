/** Bundles with one thing changed: each member dropped, emptied, doubled or altered, and each octet string hit in many places. */

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** A bundle with one change. */
export interface Mutant {
  /** Where: members with dots, and `[]` for any place in an array. */
  readonly path: string;
  /** What was done there. */
  readonly change: string;
  readonly text: string;
}

/** All mutants of a bundle. `places`: how many octets of each octet string are hit, first and last among them. */
export function* listMutants(bundle: string, { places }: { readonly places: number }): Generator<Mutant> {
  const root = JSON.parse(bundle) as Json;
  for (const { path, steps, value } of listNodes(root, '', [])) {
    for (const { change, altered } of listChanges(value, places)) {
      if (altered === value) continue;
      yield { path, change, text: JSON.stringify(replace(root, steps, altered)) };
    }
  }
}

type Step = string | number;

interface Node {
  readonly path: string;
  readonly steps: readonly Step[];
  readonly value: Json;
}

function* listNodes(value: Json, path: string, steps: readonly Step[]): Generator<Node> {
  yield { path, steps, value };
  if (value === null || typeof value !== 'object') return;
  for (const [name, member] of Object.entries(value)) {
    const step = Array.isArray(value) ? Number(name) : name;
    yield* listNodes(member, Array.isArray(value) ? `${path}[]` : `${path}.${name}`, [...steps, step]);
  }
}

interface Change {
  readonly change: string;
  /** `undefined`: the member is dropped. */
  readonly altered: Json | undefined;
}

function* listChanges(value: Json, places: number): Generator<Change> {
  yield { change: 'dropped', altered: undefined };
  yield { change: 'nulled', altered: null };
  if (Array.isArray(value)) yield* listArrayChanges(value);
  else if (typeof value === 'string') yield* listTextChanges(value, places);
  else if (value !== null && typeof value === 'object') yield { change: 'extended', altered: { ...value, extra: 'x' } };
}

function* listArrayChanges(values: readonly Json[]): Generator<Change> {
  yield { change: 'emptied', altered: [] };
  if (values.length === 0) return;
  yield { change: 'shortened', altered: values.slice(1) };
  yield { change: 'doubled', altered: [...values, values[0] ?? null] };
  if (values.length > 1) yield { change: 'reversed', altered: values.toReversed() };
}

function* listTextChanges(text: string, places: number): Generator<Change> {
  yield { change: 'emptied', altered: '' };
  yield { change: 'suffixed', altered: `${text}x` };
  yield { change: 'prefixed', altered: `x${text}` };
  yield { change: 'spaced', altered: `${text} ` };
  yield { change: 'broken into lines', altered: `${text}\n` };
  if (/^[0-9]+$/.test(text)) yield* listNumberChanges(text);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length >= 4 && bytes.toString('base64') === text) yield* listOctetChanges(bytes, places);
  else yield* listCharacterChanges(text, places);
}

function* listNumberChanges(text: string): Generator<Change> {
  for (const altered of [
    String(Number(text) + 1),
    String(Number(text) - 1),
    '0',
    `0${text}`,
    `-${text}`,
    `${text}.0`,
  ]) {
    if (altered !== text) yield { change: `made ${altered}`, altered };
  }
}

function* listOctetChanges(bytes: Buffer, places: number): Generator<Change> {
  for (const at of listPlaces(bytes.length, places)) {
    for (const mask of [0x01, 0x80]) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ mask;
      yield { change: `octet ${at} ^ ${mask}`, altered: altered.toString('base64') };
    }
  }
  yield { change: 'an octet more', altered: Buffer.concat([bytes, Buffer.of(0)]).toString('base64') };
  yield { change: 'an octet less', altered: bytes.subarray(0, -1).toString('base64') };
  yield { change: 'base64 for URLs', altered: `${bytes.toString('base64url')}` };
}

function* listCharacterChanges(text: string, places: number): Generator<Change> {
  for (const at of listPlaces(text.length, places)) {
    const altered = `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ 1)}${text.slice(at + 1)}`;
    yield { change: `character ${at}`, altered };
  }
}

/** Evenly, with the first and the last. */
function listPlaces(length: number, places: number): readonly number[] {
  const count = Math.min(places, length);
  return [
    ...new Set(
      Array.from({ length: count }, (_, index) => Math.round((index * (length - 1)) / Math.max(1, count - 1))),
    ),
  ];
}

function replace(value: Json, [step, ...rest]: readonly Step[], altered: Json | undefined): Json {
  if (step === undefined) return altered ?? null;
  if (Array.isArray(value)) {
    const copy = [...(value as readonly Json[])];
    if (rest.length === 0 && altered === undefined) copy.splice(Number(step), 1);
    else copy[Number(step)] = replace(copy[Number(step)] ?? null, rest, altered);
    return copy;
  }
  const { [String(step)]: member = null, ...others } = value as { readonly [name: string]: Json };
  if (rest.length === 0 && altered === undefined) return others;
  return { ...others, [String(step)]: replace(member, rest, altered) };
}
