/** Cosignatures of witnesses, where a quorum of them is asked for. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import type { WitnessQuorum } from '@signpost/protocol/sigstore/verify-witnesses';
import { deriveLogId, encodeNoteKey, noteKeyTypes, parseNoteKey } from '@signpost/protocol/tlog/note-key';
import { instance, type Recipe } from '../mint/bundle.ts';
import { createTileLog, type LogKey, minuteMs, signedAt } from '../mint/instance.ts';
import { cosignNote } from '../mint/log.ts';
import { type HardCase, policy } from './judge.ts';

/** A witness: its id is that of a key that cosigns. */
async function createWitness(name: string): Promise<LogKey> {
  const log = await createTileLog(name);
  return { ...log, logId: deriveLogId(name, noteKeyTypes.cosignature, rawKey(log)) };
}

function rawKey({ signer }: LogKey): Uint8Array {
  return signer.subjectKey.spki.slice(-32);
}

const [first, second, third] = await Promise.all(['first.test', 'second.test', 'third.test'].map(createWitness));
if (!first || !second || !third) throw new TypeError('expected three witnesses');
const stranger = await createWitness('stranger.test');
const impostor = { ...(await createWitness('first.test')), logId: first.logId };

async function quorum(count: number, ...witnesses: readonly LogKey[]): Promise<{ readonly witnesses: WitnessQuorum }> {
  const texts = witnesses.map((one) => encodeNoteKey(one.name, noteKeyTypes.cosignature, rawKey(one)));
  return { witnesses: { witnesses: await Promise.all(texts.map(parseNoteKey)), quorum: count } };
}

/** Two of the three. */
const twoOfThree = () => quorum(2, first, second, third);

/** A checkpoint with the lines of witnesses, over the text that they saw. */
function cosigned(witnesses: readonly LogKey[], saw: (text: string) => string = (text) => text): Recipe {
  return {
    note: async (note, text) => {
      const lines = await Promise.all(witnesses.map((one) => cosignNote(saw(text), one, signedAt + minuteMs)));
      return note + lines.join('');
    },
  };
}

const refused = 'log_proof_invalid';

/** The cases. */
export const witnessCases: readonly HardCase[] = [
  { name: 'two witnesses of three', wanted: 'accepted', recipe: cosigned([first, third]), require: twoOfThree },
  {
    name: 'two witnesses beside a stranger',
    wanted: 'accepted',
    recipe: cosigned([stranger, second, third]),
    require: twoOfThree,
  },
  {
    name: 'one witness, in Rekor v1',
    wanted: 'accepted',
    recipe: { log: 'v1', ...cosigned([first]) },
    require: () => quorum(1, first),
  },
  { name: 'one witness of three', wanted: refused, recipe: cosigned([first]), require: twoOfThree },
  { name: 'no witness', wanted: refused, require: twoOfThree },
  { name: 'one witness twice', wanted: refused, recipe: cosigned([first, first]), require: twoOfThree },
  { name: 'a witness and a stranger', wanted: refused, recipe: cosigned([first, stranger]), require: twoOfThree },
  {
    name: 'a witness, and somebody of the name and hint of another',
    wanted: refused,
    recipe: cosigned([impostor, second]),
    require: twoOfThree,
  },
  {
    name: 'two witnesses of another tree',
    wanted: refused,
    recipe: cosigned([first, second], (text) => text.replace('\n10\n', '\n11\n')),
    require: twoOfThree,
  },
  {
    name: 'two witnesses whose time was changed',
    wanted: refused,
    recipe: {
      note: async (note, text) => {
        const lines = await Promise.all([first, second].map((one) => cosignNote(text, one, signedAt)));
        return note + lines.map(postpone).join('');
      },
    },
    require: twoOfThree,
  },
  {
    name: "the log's own signature for a witness's",
    wanted: refused,
    require: () => quorum(1, instance.tileLog),
  },
  {
    name: 'a promise alone, where a witness is asked for',
    wanted: refused,
    recipe: {
      log: 'v1',
      version: '0.1',
      bundle: [['verificationMaterial.tlogEntries.0.inclusionProof', undefined]],
    },
    require: async () => ({ ...(await quorum(1, first)), acceptPromises: true }),
  },
  {
    name: 'no log entry, where a witness is asked for',
    wanted: 'log_entry_missing',
    recipe: { log: 'none', timestamps: [{}] },
    require: async () => ({ ...(await quorum(1, first)), signer: policy({ log_entries: 0, timestamps: 1 }) }),
  },
];

/** The last octet of the time, which stands between hint and signature. */
function postpone(line: string): string {
  const [dash = '', name = '', encoded = ''] = line.trim().split(' ');
  const bytes = Buffer.from(encoded, 'base64');
  return `${dash} ${name} ${encodeBase64(bytes.with(11, (bytes[11] ?? 0) ^ 1))}\n`;
}
