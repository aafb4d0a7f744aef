/** Why a LevelDB cannot be used. */
export type LevelProblem = 'locked' | 'no-locks' | 'damaged' | 'closed' | 'other';

/** Messages of `fcntl` errors of a file system without locks; other messages mean that another process holds the lock. */
const noLocks = /No locks available|not supported|Not supported|not implemented|Invalid argument/;

/**
 * Classifies an error of LevelDB. classic-level uses `LEVEL_LOCKED` for every failure to lock, including file systems
 * without locks.
 *
 * @returns the problem, and the message of the error's cause
 */
export function levelProblem(error: Error): {
  readonly problem: LevelProblem;
  readonly text: string;
} {
  const cause = error.cause instanceof Error ? error.cause : error;
  const text = cause.message;
  switch ((cause as { code?: unknown }).code) {
    case 'LEVEL_LOCKED':
      return { problem: noLocks.test(text) ? 'no-locks' : 'locked', text };
    case 'LEVEL_CORRUPTION':
      return { problem: 'damaged', text };
    case 'LEVEL_DATABASE_NOT_OPEN':
    case 'LEVEL_ITERATOR_NOT_OPEN':
      return { problem: 'closed', text };
    default:
      return { problem: 'other', text };
  }
}
