/** Why a port cannot be used. */
export type PortProblem = 'in-use' | 'not-local' | 'not-permitted' | 'other';

const problems: Readonly<Record<string, PortProblem>> = {
  EADDRINUSE: 'in-use',
  EADDRNOTAVAIL: 'not-local',
  EACCES: 'not-permitted',
};

/** Classifies the error of a socket that cannot be bound, by the code of its innermost cause. */
export function portProblem(error: unknown): PortProblem {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return cause === undefined ? (problems[String(code)] ?? 'other') : portProblem(cause);
}
