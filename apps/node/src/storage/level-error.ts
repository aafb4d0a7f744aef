/** What is the matter with a LevelDB. */
export type LevelProblem = 'locked' | 'no-locks' | 'damaged' | 'closed' | 'other';

/** Texts of `fcntl` errors that say that the file system has no locks, not that another process holds one. */
const withoutLocks =
  /No locks available|not supported|Not supported|not implemented|Invalid argument/;

/**
 * Tells apart why a LevelDB cannot be used. classic-level says `LEVEL_LOCKED` of every failure to lock, also on a file
 * system that cannot.
 */
export function levelProblem(error: Error): { problem: LevelProblem; text: string } {
  const cause = error.cause instanceof Error ? error.cause : error;
  const text = cause.message;
  switch ((cause as { code?: unknown }).code) {
    case 'LEVEL_LOCKED':
      return { problem: withoutLocks.test(text) ? 'no-locks' : 'locked', text };
    case 'LEVEL_CORRUPTION':
      return { problem: 'damaged', text };
    case 'LEVEL_DATABASE_NOT_OPEN':
      return { problem: 'closed', text };
    default:
      return { problem: 'other', text };
  }
}
