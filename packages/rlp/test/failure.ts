import { expect } from 'vitest';
import { RlpError } from '../src/index.ts';

/** The {@link RlpError} that the action throws; anything else fails the test. */
export function failure(action: () => unknown): RlpError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(RlpError);
    return error as RlpError;
  }
  return expect.unreachable('should have been refused');
}
