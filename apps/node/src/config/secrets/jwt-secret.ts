import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex } from '@devp2p/bytes';
import { randomBytes } from '@devp2p/random';
import { NodeError } from '../../errors/node-error.ts';
import { createSecretFile, readSecretFile } from './secret-file.ts';

const what = 'JWT secret';

/** Path of the secret in a datadir, the same as in go-ethereum. */
export function jwtSecretPath(datadir: string): string {
  return join(datadir, 'jwtsecret');
}

/**
 * The secret that the node shares with its consensus client, from a file of 64 hex digits, with or without 0x. A
 * missing
 * file is created. Other users may have read permission, since the consensus client may run as one of them.
 *
 * @param remedy advice for the error message
 * @returns 32 bytes
 * @throws NodeError `jwtsecret-invalid`, `datadir-unusable`; an existing file is never changed
 */
export function openJwtSecret(path: string, remedy = 'restore it, or remove the file to get a new secret'): Uint8Array {
  const code = 'jwtsecret-invalid';
  if (!existsSync(path)) createSecretFile({ path, what }, randomBytes(32));
  const text = readSecretFile({ path, what, code, remedy });
  if (/^(?:0x)?[0-9a-fA-F]{64}$/.test(text)) return fromHex(text.slice(-64));
  throw new NodeError(code, `${what} ${path} is not 64 hex digits: ${remedy}`);
}
