/** Which roots a check rests on: the visitor's word first, then that of a link, then what this browser held on to, then the server's. */
import { TrustError } from '@signpost/protocol/errors';
import { isSameRoots, type NamedRoots, nameKeys, type Pins, pinServerRoots, resolveNamed } from './pins.ts';

/** What the page says of roots; nothing in it is believed but by its digest. */
export interface ShownRoots {
  /** Those in which a digest may be looked up. */
  readonly offered: readonly string[];
  readonly inForce: readonly string[];
  readonly threshold: number;
}

/** What there is to choose from. */
export interface RootSources {
  readonly named: NamedRoots;
  /** Names that a link brought: roots among which one of them is are by the word of the link. */
  readonly linked: ReadonlySet<string>;
  readonly remembered: Pins | undefined;
  readonly shown: ShownRoots;
}

/** Why nothing can be checked, by the name of the text that says so. */
type RootObstacle = 'noRoots' | 'badServerRoots' | 'badRoot' | 'wrongRoot';

/** The choice. */
export type PinChoice =
  | { readonly kind: 'pins'; readonly pins: Pins }
  | { readonly kind: 'none'; readonly why: RootObstacle };

/** Chooses. A link never takes the place of what is remembered; that it would is told by `against`. */
export async function choosePins(sources: RootSources): Promise<PinChoice> {
  const { named, linked, remembered, shown } = sources;
  if (named.names.length === 0) return remembered ? { kind: 'pins', pins: remembered } : believeServer(shown);
  const offered = await nameKeys(shown.offered).catch(asObstacle('badServerRoots'));
  if (typeof offered === 'string') return { kind: 'none', why: offered };
  const pins = await resolveNamed(named, offered).catch(asObstacle('badRoot'));
  if (typeof pins === 'string') return { kind: 'none', why: pins };
  const isLinked = named.names.some((name) => linked.has(name));
  return { kind: 'pins', pins: isLinked ? judgeLink(pins, remembered) : pins };
}

/** Whether `pins`, over which something verified, are to be remembered. */
export function isToBeKept({ by, against }: Pins): boolean {
  return by === 'visitor' || by === 'server' || (by === 'link' && against === undefined);
}

function judgeLink(pins: Pins, remembered: Pins | undefined): Pins {
  const linked: Pins = { ...pins, by: 'link' };
  if (!remembered) return linked;
  if (!isSameRoots(pins, remembered)) return { ...linked, against: remembered };
  // A link adds to what the server said, and nothing to what the visitor did.
  return remembered.by === 'seen' ? linked : remembered;
}

async function believeServer({ inForce, threshold }: ShownRoots): Promise<PinChoice> {
  if (inForce.length === 0) return { kind: 'none', why: 'noRoots' };
  const pins = await pinServerRoots(inForce, threshold).catch(asObstacle('badServerRoots'));
  return typeof pins === 'string' ? { kind: 'none', why: pins } : { kind: 'pins', pins };
}

/** The refusal as an obstacle; whose words were malformed is known to the caller alone. */
function asObstacle(why: RootObstacle): (error: unknown) => RootObstacle {
  return (error) => {
    if (!(error instanceof TrustError)) throw error;
    return error.code === 'root_not_trusted' ? 'wrongRoot' : why;
  };
}
