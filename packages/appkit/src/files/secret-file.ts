import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Creates the file of a secret, for its owner only. The file is complete or absent, and an existing file is not
 * replaced: the text is written to a second file, which is linked to the name, or renamed on a file system without hard
 * links, where the caller has to hold the lock of the datadir. The caller reads the secret back, since another process
 * may have created the file first.
 *
 * @throws the system's error
 */
export function createSecretFile(path: string, text: string): void {
  const temporary = `${path}.${randomUUID()}`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    place(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Gives a file its name, unless a file of that name exists. */
function place(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    // FAT, SMB, some FUSE and overlay file systems have no hard links, and report it with different codes.
    if (!existsSync(path)) renameSync(temporary, path);
  }
}
