/** Second factors of a person in front of the console. */
import { computeHotp, stepAt } from '../../packages/server/src/accounts/factors/totp.ts';
import type { Visitor } from './visitor.ts';

/** The code of an authenticator app, so many steps of 30 seconds from now. No code counts twice, so take later ones later. */
export function codeOf(secret: string, steps: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const bytes = (bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2));
  return computeHotp(Uint8Array.from(bytes), stepAt(Date.now()) + steps);
}

/** Chromium's virtual authenticator, which checks its person. */
export async function addAuthenticator({ page }: Visitor): Promise<void> {
  const device = await page.context().newCDPSession(page);
  await device.send('WebAuthn.enable');
  await device.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  });
}
