/** npm's acme-client, as a program: obtains a certificate twice, revokes the first one, prints both. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { argv, stdout } from 'node:process';
import * as acme from 'acme-client';

const [directoryUrl, challenges, name] = argv.slice(2);

// Its own pauses of five seconds are for servers far away.
const pauses = { backoffMin: 200, backoffMax: 1000 };
const client = new acme.Client({ directoryUrl, accountKey: await acme.crypto.createPrivateEcdsaKey(), ...pauses });
const first = await obtain();
const second = await obtain();
await client.revokeCertificate(acme.crypto.splitPemChain(first)[0], { reason: 4 });
stdout.write(JSON.stringify({ first, second }));

async function obtain() {
  const [, csr] = await acme.crypto.createCsr({ altNames: [name] });
  return client.auto({
    csr,
    email: 'ops@client.test',
    termsOfServiceAgreed: true,
    challengePriority: ['http-01'],
    skipChallengeVerification: true,
    challengeCreateFn: (_, { token }, keyAuthorization) => writeFile(join(challenges, token), keyAuthorization),
    challengeRemoveFn: (_, { token }) => rm(join(challenges, token), { force: true }),
  });
}
