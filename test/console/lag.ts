/** A slow network: always, to find tests that run ahead of the page (`npm test -- --lag=MS` or `--lag=MS:answer`), or for one request. */
import { setTimeout as pause } from 'node:timers/promises';
import type { BrowserContext, Page } from 'playwright-core';

/** How long whatever a page fetches is held: on its way to the server, or on its way back, when the server has done it already. */
interface Lag {
  readonly ms: number;
  readonly holdsAnswers: boolean;
}

const lag = parseLag(process.env.SIGNPOST_TEST_LAG);

/**
 * Holds what the pages of `context` fetch, and the scripts that come late, if there is to be a lag. Fetches are held in the page itself:
 * routes see no files that are sent, and a test may have routes of its own.
 */
export async function addLag(context: BrowserContext): Promise<void> {
  if (lag === undefined) return;
  await context.addInitScript(({ ms, holdsAnswers }) => {
    const { fetch, setTimeout: wait } = window;
    const hold = () => new Promise((resolve) => wait(resolve, ms));
    window.fetch = async (input, init) => {
      if (!holdsAnswers) await hold();
      const answer = await fetch(input, init);
      if (holdsAnswers) await hold();
      return answer;
    };
  }, lag);
  await context.route(/\/console\/assets\/.*\.js$/, async (route) => {
    // Less: a page loads several, one after the other.
    await pause(lag.ms / 4);
    // It fails where the page has gone meanwhile.
    await route.continue().catch(() => undefined);
  });
}

/** Holds what `page` asks of addresses that match, until the function is called that it gives. */
export async function holdRequests(
  page: Page,
  address: string | RegExp | ((url: URL) => boolean),
): Promise<() => void> {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await page.route(address, async (route) => {
    await released;
    await route.fallback();
  });
  return release;
}

/** Undefined without one. Throws for what is no lag. */
function parseLag(text: string | undefined): Lag | undefined {
  if (text === undefined) return undefined;
  const [, ms, holdsAnswers] = /^(\d{1,5})(:answer)?$/.exec(text) ?? [];
  if (ms === undefined) throw new Error(`expected a lag such as 800 or 800:answer, got "${text}"`);
  return { ms: Number(ms), holdsAnswers: holdsAnswers !== undefined };
}
