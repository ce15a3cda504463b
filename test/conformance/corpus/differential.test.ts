/** Damaged certificates that we still accept say the same to python3-cryptography, wherever it accepts them, too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { createRandom, damage, pick } from '../../../packages/protocol/test/fuzz/der-damage.ts';
import { createFuzzSeeds } from '../../../packages/protocol/test/fuzz/der-seeds.ts';
import { findMissingOracle, python } from '../../../packages/protocol/test/oracle.ts';
import { ask, factsScript } from './judges.ts';

const skip = findMissingOracle(python, ['-c', 'import cryptography']);

test('what two readers accept is the same to both', { skip }, async (context) => {
  const accepted = await collectAccepted(6000);
  const given = JSON.stringify(accepted.map(({ bytes }) => ['certificate', encodeBase64(bytes)]));
  const { text } = await ask(python, ['-W', 'ignore', '-c', factsScript], given);
  const found = JSON.parse(text) as readonly Facts[];
  assert.equal(found.length, accepted.length);
  let compared = 0;
  for (const [index, facts] of found.entries()) {
    const ours = accepted[index] ?? assert.fail();
    if (facts.error !== undefined) continue;
    compared++;
    assert.deepEqual(pickFacts(facts), describe(ours), encodeBase64(ours.bytes));
  }
  context.diagnostic(`${compared} of ${accepted.length} accepted by both`);
  assert.ok(compared > 100, `${compared} compared`);
});

interface Facts {
  readonly error?: string;
  readonly serial: string;
  readonly from: string;
  readonly to: string;
  readonly extensions: unknown;
  readonly signature: string;
  readonly signed: string;
}

async function collectAccepted(count: number): Promise<readonly Certificate[]> {
  const seeds = await createFuzzSeeds();
  const certificates = seeds.filter(({ kind }) => kind === 'certificate');
  const random = createRandom(11);
  const accepted: Certificate[] = [];
  for (let index = 0; index < count; index++) {
    try {
      const bytes = damage(pick(certificates, random).bytes, pick(seeds, random).bytes, random);
      if (bytes.length < 20_000) accepted.push(parseCertificate(bytes));
    } catch {
      // Refused: nothing to compare.
    }
  }
  return accepted;
}

function pickFacts({ serial, from, to, extensions, signature, signed }: Facts): unknown {
  return { serial, from, to, extensions, signature, signed };
}

function describe(one: Certificate): unknown {
  const unsigned = BigInt(`0x${encodeHex(one.serialNumber)}`);
  const isNegative = (one.serialNumber[0] ?? 0) >= 0x80;
  const serial = isNegative ? unsigned - (1n << BigInt(8 * one.serialNumber.length)) : unsigned;
  return {
    serial: serial.toString(16),
    from: new Date(one.notBefore).toISOString(),
    to: new Date(one.notAfter).toISOString(),
    extensions: one.allExtensions.map(({ oid, critical }) => [oid, critical]),
    signature: encodeBase64(one.signature),
    signed: encodeBase64(one.signedBytes),
  };
}
