/** Damages JSON: members and items of its tree, and tokens of its text. */
import { pick, type Random } from './der-damage.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents of any shape are reached into
type Json = any;

const tokens = [
  '{}',
  '[]',
  '0',
  '-1',
  '1.5',
  '1e9',
  '9007199254740993',
  'null',
  'true',
  '""',
  '"\\ud800"',
  '"__proto__"',
  '"\\u0000"',
  '{"a":{"a":{}}}',
  '"9999-12-31T23:59:59Z"',
  `${'['.repeat(40)}${']'.repeat(40)}`,
  '"04"',
  '2147483648',
];

/** `text` with one to three changes in the tree, for which `donor` gives members, and sometimes one in the text of that. */
export function damageJson(text: string, donor: string, random: Random): string {
  const tree: Json = JSON.parse(text);
  const foreign = [...listPlaces(JSON.parse(donor))];
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) changeMember(tree, foreign, random);
  const damaged = JSON.stringify(tree);
  return random() < 0.2 ? changeToken(damaged, donor, random) : damaged;
}

const tokenPattern = /"(?:[^"\\]|\\.)*"|-?\d+|true|false|null|[[\]{}:,]/g;

/** Exchanged for another, taken from another file, dropped, doubled, cut off, or with a character before it. */
function changeToken(text: string, donor: string, random: Random): string {
  const found = [...text.matchAll(tokenPattern)];
  if (found.length === 0) return text;
  const { 0: token, index } = pick(found, random);
  const replace = (by: string) => text.slice(0, index) + by + text.slice(index + token.length);
  switch (Math.floor(random() * 6)) {
    case 0:
      return replace(pick(tokens, random));
    case 1:
      return replace(pick([...donor.matchAll(tokenPattern)], random)[0]);
    case 2:
      return replace('');
    case 3:
      return replace(`${token},${token}`);
    case 4:
      return text.slice(0, Math.floor(random() * text.length));
    default:
      return replace(String.fromCharCode(Math.floor(random() * 0x3000)) + token);
  }
}

/** A member gone, renamed, exchanged for a value or a member of another file, or many times over. */
function changeMember(tree: Json, foreign: readonly Place[], random: Random): void {
  const places = [...listPlaces(tree)];
  if (places.length === 0) return;
  const { holder, key } = pick(places, random);
  const other = pick(foreign, random);
  const value = holder[key];
  switch (Math.floor(random() * 5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    case 1:
      // An array takes no other value for this one.
      holder[pick(['x', '1', 'toString', other.key === 'length' ? 'x' : other.key], random)] = value;
      break;
    case 2:
      holder[key] = structuredClone(other.holder[other.key]);
      break;
    case 3:
      holder[key] = Array.from({ length: Math.floor(random() ** 4 * 300) }, () => structuredClone(value));
      break;
    default:
      holder[key] = JSON.parse(pick(tokens, random));
  }
}

interface Place {
  readonly holder: Json;
  readonly key: string;
}

/** Every member and item, also of those below. */
function* listPlaces(holder: Json): Generator<Place> {
  for (const key of Object.keys(holder)) {
    yield { holder, key };
    const value = holder[key];
    if (typeof value === 'object' && value !== null) yield* listPlaces(value);
  }
}
