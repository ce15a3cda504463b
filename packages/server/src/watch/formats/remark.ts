/** What one tool's settings say and another's cannot, clause by clause: nothing is dropped without a word. */

/** A clause that is not carried over exactly. */
export interface Remark {
  /** Where it stands: a path into the file, or the name of a rule. */
  readonly clause: string;
  /** `looser`: what comes out lets through what the clause does not, or what is denied now. `stricter`: the other way round. */
  readonly effect: 'looser' | 'stricter';
  readonly text: string;
}

/** A clause after which more is let through. */
export function looser(clause: string, text: string): Remark {
  return { clause, effect: 'looser', text };
}

/** A clause after which less is let through. */
export function stricter(clause: string, text: string): Remark {
  return { clause, effect: 'stricter', text };
}
