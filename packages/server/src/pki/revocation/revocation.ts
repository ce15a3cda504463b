/** What is open of revocation while the server runs: the answers that are kept, and the publisher of lists. */
import { onRootOpened } from '../authorities/root-openings.ts';
import { openBuiltInProfiles, type Profiles } from '../profiles/profile.ts';
import { onStatusChange } from '../records/status-changes.ts';
import { type ListPublisher, type PublisherParts, startListPublisher } from './lists/publisher.ts';
import { forgetResponder } from './ocsp/responder.ts';
import { publishOnOccasion } from './root.ts';
import { StatusAnswers } from './status-answers.ts';

/** Open until `stop`. */
export interface Revocation {
  readonly statusAnswers: StatusAnswers;
  readonly publisher: ListPublisher;
  /** Those of responders among them. */
  readonly profiles: Profiles;
  /** Resolves when what goes on has ended. */
  stop(): Promise<void>;
}

/** Begins to hear of changes, to forget what is no longer so and to publish what is. */
export function openRevocation(parts: Omit<PublisherParts, 'statusAnswers'>): Revocation {
  const statusAnswers = new StatusAnswers(parts.database, parts.now);
  const publisher = startListPublisher({ ...parts, statusAnswers });
  const profiles = openBuiltInProfiles();
  const ignoreChanges = onStatusChange(parts.database, async (change) => {
    // What it signed is not to be given any more either.
    if (await forgetResponder(parts, change)) statusAnswers.signed.forget({ issuerId: change.issuerId });
  });
  const ignoreOpenings = onRootOpened(parts.database, (root, actor) =>
    // What somebody opened the root for is done; what should have been said besides is in the status.
    publishOnOccasion({ ...parts, statusAnswers, profiles }, root, actor).catch((err: unknown) =>
      parts.log.error({ err, authority: root.name }, 'a root that was open published no revocation list'),
    ),
  );
  return {
    ...{ statusAnswers, publisher, profiles },
    stop: () => {
      ignoreChanges();
      ignoreOpenings();
      statusAnswers.close();
      return publisher.stop();
    },
  };
}
