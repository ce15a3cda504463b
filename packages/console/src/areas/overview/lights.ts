/** The traffic lights: what the server says of itself, judged for people. */
import type { Answer } from '../../api/client.ts';
import type { texts } from './texts.en.ts';

/** One light. */
export interface Light {
  readonly name: keyof typeof texts;
  readonly level: 'good' | 'attention' | 'bad' | 'off';
  readonly word: keyof typeof texts;
  readonly values?: Readonly<Record<string, string | number>>;
  /** A moment that belongs to it, and what it is. */
  readonly moment?: { readonly label: keyof typeof texts; readonly at: string };
}

/** What is asked. Undefined: the role may not know, so there is no light for it. */
export interface Known {
  readonly status: Answer<'GET /api/status'>;
  readonly health: Answer<'GET /api/health'>;
  readonly key: Answer<'GET /api/signing/pubkey'>;
  readonly backups: Answer<'GET /api/backups'> | undefined;
}

/** Whether a frame of this type may change a light. */
export function changesLights(type: string): boolean {
  return /^(?:trust|key|certificate|revocation|watch)\./.test(type);
}

/** The lights, in the order of the page. */
export function judgeLights({ status, health, key, backups }: Known): readonly Light[] {
  return [
    trustLight(status.trust),
    key.key_id === null ? { name: 'key', level: 'attention', word: 'keyNone' } : good('key', 'keyGood'),
    vaultLight(status.vault),
    scannerLight(status.scanner),
    health.db === 'ok' ? good('database', 'databaseGood') : { name: 'database', level: 'bad', word: 'databaseBad' },
    ...certificateLights(status.certificates),
    ...revocationLights(status.revocation),
    ...rootLights(status.trust_roots),
    ...watchLights(health),
    ...coverageLights(status.watch),
    ...diskLights(status.disk),
    ...(backups ? [backupLight(backups)] : []),
  ];
}

function good(name: Light['name'], word: Light['word']): Light {
  return { name, level: 'good', word };
}

function trustLight({ light, version, expires_at }: Known['status']['trust']): Light {
  const moment = expires_at === null ? {} : { moment: { label: 'expires' as const, at: expires_at } };
  const values = { version: version ?? 0 };
  switch (light) {
    case 'green':
      return { name: 'trust', level: 'good', word: 'trustGreen', values, ...moment };
    case 'yellow':
      return { name: 'trust', level: 'attention', word: 'trustYellow', values, ...moment };
    case 'red':
      return { name: 'trust', level: 'bad', word: 'trustRed', ...moment };
    case 'none':
      return { name: 'trust', level: 'attention', word: 'trustNone' };
  }
}

function vaultLight(vault: Known['status']['vault']): Light {
  if (vault === 'unlocked') return good('vault', 'vaultUnlocked');
  return { name: 'vault', level: 'bad', word: vault === 'locked' ? 'vaultLocked' : 'vaultAbsent' };
}

function scannerLight({ state, engine, signature_date }: Known['status']['scanner']): Light {
  const moment = signature_date === null ? {} : { moment: { label: 'signed' as const, at: signature_date } };
  if (state === 'ready') {
    return { name: 'scanner', level: 'good', word: 'scannerReady', values: { engine: engine ?? '' }, ...moment };
  }
  if (state === 'off') return { name: 'scanner', level: 'off', word: 'scannerOff' };
  return { name: 'scanner', level: 'bad', word: 'scannerUnreachable' };
}

/** How each colour is shown; where there is nothing to judge, there is no light. */
const levels = { green: 'good', yellow: 'attention', red: 'bad' } as const;

function certificateLights({ light, ends_at, ending }: Known['status']['certificates']): readonly Light[] {
  if (light === 'none' || ends_at === null) return [];
  const word = light === 'green' ? 'certificatesGreen' : 'certificatesEnding';
  const moment = { label: 'firstEnds', at: ends_at } as const;
  return [{ name: 'certificates', level: levels[light], word, values: { count: ending }, moment }];
}

function rootLights({ light, roots, troubled }: Known['status']['trust_roots']): readonly Light[] {
  if (light === 'none') return [];
  const common = { name: 'trustRoots', level: levels[light] } as const;
  if (light === 'green') return [{ ...common, word: 'trustRootsGreen', values: { count: roots } }];
  return [{ ...common, word: 'trustRootsTroubled', values: { count: troubled, roots } }];
}

function coverageLights({ light, sources, unanswered }: Known['status']['watch']): readonly Light[] {
  if (light === 'none') return [];
  const word = light === 'green' ? 'coverageWhole' : 'coveragePart';
  return [{ name: 'coverage', level: levels[light], word, values: { answered: sources - unanswered, sources } }];
}

function diskLights(disk: Known['status']['disk']): readonly Light[] {
  if (disk === null || disk.light === 'none') return [];
  const gib = Math.floor((10 * disk.free_bytes) / 1024 ** 3) / 10;
  return [{ name: 'disk', level: levels[disk.light], word: 'diskFree', values: { gib } }];
}

function revocationLights({ light, troubled }: Known['status']['revocation']): readonly Light[] {
  switch (light) {
    case 'none':
      return [];
    case 'green':
      return [good('revocation', 'revocationGreen')];
    case 'yellow':
      return [{ name: 'revocation', level: 'attention', word: 'revocationYellow', values: { count: troubled } }];
    case 'red':
      return [{ name: 'revocation', level: 'bad', word: 'revocationRed' }];
  }
}

function watchLights({ watch, push, bus }: Known['health']): readonly Light[] {
  const words = { ok: 'watchOk', late: 'watchLate', stalled: 'watchStalled' } as const;
  const levels = { ok: 'good', late: 'attention', stalled: 'bad' } as const;
  return [
    ...(watch ? [{ name: 'watch' as const, level: levels[watch], word: words[watch] }] : []),
    ...(push === 'ok' ? [good('push', 'pushOk')] : []),
    ...(push === 'waiting'
      ? [{ name: 'push' as const, level: 'attention' as const, word: 'pushWaiting' as const }]
      : []),
    ...(bus === 'ok' ? [good('bus', 'busOk')] : []),
    ...(bus === 'failed' ? [{ name: 'bus' as const, level: 'bad' as const, word: 'busFailed' as const }] : []),
  ];
}

function backupLight({ backups, standing }: Answer<'GET /api/backups'>): Light {
  const { state, made_at: madeAt, fresh, rule } = standing;
  const moment = madeAt === null ? {} : { moment: { label: 'newest' as const, at: madeAt } };
  switch (state) {
    case 'none':
      return { name: 'backups', level: 'attention', word: 'backupsNone' };
    case 'late':
      return { name: 'backups', level: 'attention', word: 'backupsLate', ...moment };
    case 'failed':
      return {
        ...{ name: 'backups', level: fresh ? 'attention' : 'bad', word: 'backupsFailed' },
        ...{ values: { rule: rule ?? '' }, ...moment },
      };
    case 'good':
      // Whoever makes one by the command takes it along.
      if (backups.length === 0) return { name: 'backups', level: 'good', word: 'backupsAway', ...moment };
      return { name: 'backups', level: 'good', word: 'backupsGood', values: { count: backups.length }, ...moment };
  }
}
