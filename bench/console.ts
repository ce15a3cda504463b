/** The first view of the console in Chromium that has never been there: until a person can use it. */
import { startSeededServer } from '../test/console/seed.ts';
import { openBrowser, openPerson, openStranger, type Visitor } from '../test/console/visitor.ts';
import { type Measurement, quantile } from './measurement.ts';

const rounds = 9;

/** How long a stranger waits for the form to sign in, and an admin for the overview, each with an empty cache. */
export async function measureConsole(): Promise<readonly Measurement[]> {
  const server = await startSeededServer();
  const browser = await openBrowser();
  const address = `${server.base}/console/`;
  try {
    const signIn = await timeRounds(
      address,
      () => openStranger(browser, server),
      (visitor) => visitor.page.fill('input[type=email]', 'a'),
    );
    const overview = await timeRounds(
      address,
      () => openPerson(browser, server, 'admin'),
      (visitor) => visitor.settle(),
    );
    return [
      judge('sign-in, until a letter can be typed', signIn),
      judge('overview, until everything is shown', overview),
    ];
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** Milliseconds from the beginning of the navigation, by the browser's clock. */
async function timeRounds(
  address: string,
  open: () => Promise<Visitor>,
  use: (visitor: Visitor) => Promise<void>,
): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const visitor = await open();
    await visitor.page.goto(address, { waitUntil: 'commit' });
    await use(visitor);
    // The first round warms the server up.
    if (round > 0) taken.push(await visitor.page.evaluate(() => performance.now()));
    await visitor.close();
  }
  return taken;
}

function judge(view: string, taken: readonly number[]): Measurement {
  return {
    name: `console, ${view}`,
    measured: quantile(taken, 0.5),
    bar: { kind: 'at most', value: 1000, unit: ' ms' },
    detail: `median of ${rounds} visits with an empty cache; the worst ${Math.max(...taken).toFixed(0)} ms; server and browser on the same processors`,
  };
}
