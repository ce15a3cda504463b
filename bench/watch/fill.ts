/** Years of a watch, written straight into the database of a server that does not run. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createId } from '../../packages/server/src/storage/ids.ts';
import { encodeFactSet, hashFactSet } from '../../packages/server/src/watch/facts/fact-set.ts';
import { learningPresets } from '../../packages/server/src/watch/learning/rules.ts';
import { hashSighting } from '../../packages/server/src/watch/observations/chain.ts';
import { usualFacts } from '../../packages/server/test/watch/drift/scene.ts';

/** How much was seen. */
export interface Years {
  readonly sources: number;
  /** Of each source, all of one artifact. */
  readonly sightings: number;
}

const dayMs = 86_400_000;
const perTransaction = 100_000;

/** Adds sources and sightings of the only organisation, chained as the server chains them. Nothing is due for a day. */
export function fillWatch(dataDir: string, { sources, sightings }: Years): void {
  const database = new DatabaseSync(join(dataDir, 'signpost.db'));
  database.exec('pragma synchronous = off');
  const { id: organisation } = database.prepare('select id from organisation').get() as { id: string };
  const facts = usualFacts;
  const now = Date.now();
  const [document, factsHash] = [encodeFactSet(facts), hashFactSet(facts)];
  database.prepare('insert into watch_facts (number, hash, document) values (1, ?, ?)').run(factsHash, document);
  const artifacts = addSources(database, { organisation, sources, now });
  const hash = addSightings(database, { artifacts, sightings, factsHash, from: now - sightings * dayMs });
  database
    .prepare('insert into watch_chain (organisation_id, number, observations, last_at, hash) values (?, 1, ?, ?, ?)')
    .run(organisation, sources * sightings, now, hash);
  database.close();
}

interface Sources {
  readonly organisation: string;
  readonly sources: number;
  readonly now: number;
}

/** The contents of their artifacts, whose numbers follow one another from 1 on. */
function addSources(database: DatabaseSync, { organisation, sources, now }: Sources): readonly string[] {
  const source = database.prepare(
    `insert into watch_source (id, organisation_id, key, ecosystem, learning, is_development, author, created_at)
     values (?, ?, ?, 'oci', ?, 0, '{}', ?)`,
  );
  const schedule = database.prepare(
    `insert into watch_schedule (source_id, due_at, interval_ms, failures, host) values (?, ?, ?, 0, 'images.example')`,
  );
  const line = database.prepare(`insert into watch_line (number, source_id, name, created_at) values (?, ?, '1', ?)`);
  const artifact = database.prepare(
    `insert into watch_artifact (number, line, content, first_seen_at, last_sequence, facts, was_signed, in_use)
     values (?, ?, ?, ?, ?, 1, 1, 1)`,
  );
  const learning = JSON.stringify(learningPresets.usual);
  const contents = Array.from({ length: sources }, (_, at) => createHash('sha256').update(`image ${at}`).digest('hex'));
  database.exec('begin');
  for (const [at, content] of contents.entries()) {
    const id = createId(now);
    source.run(id, organisation, `oci:images.example/team-${at % 500}/app-${at}`, learning, now);
    schedule.run(id, now + dayMs + at * 800, dayMs);
    line.run(at + 1, id, now);
    artifact.run(at + 1, at + 1, content, now, at + 1);
  }
  database.exec('commit');
  return contents;
}

interface Sightings {
  readonly artifacts: readonly string[];
  readonly sightings: number;
  readonly factsHash: string;
  /** Unix ms. */
  readonly from: number;
}

/** One of each artifact a day. Gives the end of their chain. */
function addSightings(database: DatabaseSync, { artifacts, sightings, factsHash, from }: Sightings): string {
  const insert = database.prepare(
    'insert into watch_observation (sequence, chain, artifact, facts, seen_at, hash) values (?, 1, ?, 1, ?, ?)',
  );
  let [hash, sequence] = ['', 0];
  database.exec('begin');
  for (let day = 0; day < sightings; day += 1) {
    const seenAt = from + day * dayMs;
    for (const [index, content] of artifacts.entries()) {
      sequence += 1;
      hash = hashSighting(hash, { sequence, artifact: index + 1, content, factsHash, seenAt });
      insert.run(sequence, index + 1, seenAt, hash);
      if (sequence % perTransaction === 0) database.exec('commit; begin');
    }
  }
  database.exec('commit');
  return hash;
}
