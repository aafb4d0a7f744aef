import { expect, test } from 'vitest';
import { levelProblem } from '../src/level.ts';

/** As classic-level 3 throws it. */
function failure(code: string, message: string): Error {
  const cause = Object.assign(new Error(message), { code });
  return new Error('Database failed to open', { cause });
}

test.each([
  ['already held by process', 'locked'],
  ['Resource temporarily unavailable', 'locked'],
  ['Permission denied', 'locked'],
  ['No locks available', 'no-locks'],
  ['Operation not supported', 'no-locks'],
  ['Function not implemented', 'no-locks'],
  ['Invalid argument', 'no-locks'],
])('ND-03 a database that cannot be locked (%s) is %s', (text, problem) => {
  const message = `IO error: lock /datadir/chain/LOCK: ${text}`;
  expect(levelProblem(failure('LEVEL_LOCKED', message))).toEqual({ problem, text: message });
});

test.each([
  ['LEVEL_CORRUPTION', 'damaged'],
  ['LEVEL_DATABASE_NOT_OPEN', 'closed'],
  ['LEVEL_IO_ERROR', 'other'],
])('ND-03 %s is %s', (code, problem) => {
  expect(levelProblem(failure(code, 'x')).problem).toBe(problem);
});
