/** Wrong use of the program: one line for standard error, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
