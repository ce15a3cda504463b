/** Questions whose answers change by themselves: asked again by the minute while somebody may be looking, and when something happens. */

const minuteMs = 60_000;
/** What comes in a burst is one change. */
const burstMs = 500;

/** Asks again when something has happened; many calls in a row are one. */
export interface Freshness {
  touch(): void;
}

/**
 * Calls `ask` every minute while the page is visible, and at once when it is seen again after a longer time. Call it while a component is
 * set up.
 */
export function keepFresh(ask: () => void): Freshness {
  let asked = Date.now();
  let burst: ReturnType<typeof setTimeout> | undefined;
  const again = () => {
    asked = Date.now();
    ask();
  };
  const look = () => {
    if (document.visibilityState === 'visible' && Date.now() - asked >= minuteMs) again();
  };
  $effect(() => {
    const timer = setInterval(look, minuteMs / 4);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      clearTimeout(burst);
      document.removeEventListener('visibilitychange', look);
    };
  });
  return {
    touch: () => {
      clearTimeout(burst);
      burst = setTimeout(again, burstMs);
    },
  };
}
