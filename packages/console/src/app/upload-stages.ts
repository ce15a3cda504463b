/** The stages of an upload, as they are shown: two in the browser, four on the server. */
import type { Passage, Upload } from './send-file.ts';

/** In order. */
const uploadStages = ['digest', 'send', 'type', 'archive', 'scan', 'store'] as const;

/** One of them, and where the upload stands to it. */
export interface UploadStage {
  readonly name: (typeof uploadStages)[number];
  readonly state: 'done' | 'now' | 'later' | 'stopped';
}

/** All stages of an upload that is under way (`passage`) or over (`outcome`). */
export function judgeStages(passage: Passage | undefined, outcome: Upload | undefined): readonly UploadStage[] {
  const at = uploadStages.indexOf(passage ? stageOf(passage) : (outcome?.stage ?? 'send'));
  const isRefused = !passage && outcome?.state === 'refused';
  return uploadStages.map((name, index) => {
    if (!passage && outcome?.state === 'accepted') return { name, state: 'done' };
    if (index === at) return { name, state: isRefused ? 'stopped' : 'now' };
    return { name, state: index < at ? 'done' : 'later' };
  });
}

function stageOf(passage: Passage): UploadStage['name'] {
  switch (passage.phase) {
    case 'digesting':
      return 'digest';
    case 'sending':
    case 'cut':
      return 'send';
    case 'inspecting':
      return passage.stage ?? 'type';
  }
}
