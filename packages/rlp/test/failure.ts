import { expect } from 'vitest';
import { RlpError } from '../src/index.ts';

/** Returns the {@link RlpError} that the action throws. Any other result fails the test. */
export function failure(action: () => unknown): RlpError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(RlpError);
    return error as RlpError;
  }
  return expect.unreachable('should have been refused');
}
