/** What was told of missing icons: strangers ask as often as they like, and the audit log is not theirs to fill. */

const dayMs = 86_400_000;
/** The most that is remembered; then all is forgotten, and told again. */
const maxRemembered = 20_000;

/** When each was told last. */
export class MissingIcons {
  readonly #toldAt = new Map<string, number>();

  /** Whether `what` was not told within a day; it counts as told then. `at` in Unix milliseconds. */
  isNews(what: string, at: number): boolean {
    const before = this.#toldAt.get(what);
    // A time in the future comes from a clock that was set back.
    if (before !== undefined && before <= at && at - before < dayMs) return false;
    if (this.#toldAt.size >= maxRemembered) this.#toldAt.clear();
    this.#toldAt.set(what, at);
    return true;
  }
}
