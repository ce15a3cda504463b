import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acceptedCases } from './hard/accepted.ts';
import { certificateCases } from './hard/certificates.ts';
import { judge } from './hard/judge.ts';
import { logEntryCases } from './hard/log-entries.ts';
import { parsingCases } from './hard/parsing.ts';
import { semanticCases } from './hard/semantics.ts';
import { timeCases } from './hard/times.ts';
import { trustedRootCases } from './hard/trusted-roots.ts';
import { witnessCases } from './hard/witnesses.ts';

const groups = {
  'what must be accepted': acceptedCases,
  certificates: certificateCases,
  'times and windows': timeCases,
  'trusted roots': trustedRootCases,
  'log entries': logEntryCases,
  witnesses: witnessCases,
  'strict parsing': parsingCases,
  'what the caller asks for': semanticCases,
};

for (const [group, cases] of Object.entries(groups)) {
  describe(group, () => {
    for (const one of cases) {
      test(`${one.name}: ${one.wanted}`, async () => {
        const { verdict, message } = await judge(one);
        assert.equal(verdict, one.wanted, message);
      });
    }
  });
}
