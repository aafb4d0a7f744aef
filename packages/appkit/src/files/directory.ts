import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a directory and its missing parents, for its owner only, unless it exists.
 *
 * @throws the system's error; Error when the path is not a directory
 */
export function createDirectory(path: string): void {
  create(path);
  if (!statSync(path).isDirectory()) throw new Error('not a directory');
}

/** The `recursive` option of Node.js does not return on a file system such as Linux's /proc. */
function create(path: string): void {
  if (existsSync(path)) return;
  create(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have created it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Returns the code of a failed system call, or else the message of the error. */
export function errorReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
