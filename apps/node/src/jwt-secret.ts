import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from '@devp2p/crypto';
import { fromHex } from '@devp2p/enr';
import { NodeError } from './error.ts';
import { createSecretFile, readSecretFile } from './secret-file.ts';

const what = 'JWT secret';

/**
 * The secret that the node shares with its consensus client, made at the first start in `datadir/jwtsecret`, where
 * go-ethereum has it. The operator may let others read the file: the consensus client may be another user's.
 *
 * @returns 32 bytes
 * @throws NodeError `jwtsecret-invalid`, `datadir-unusable`; a file that is there is never written to
 */
export function openJwtSecret(datadir: string): Uint8Array {
  const path = join(datadir, 'jwtsecret');
  if (!existsSync(path)) createSecretFile({ path, what }, randomBytes(32));
  return readJwtSecret(path, 'restore it, or remove the file to get a new secret');
}

/**
 * A secret from a file of 64 hex digits, with or without 0x.
 *
 * @param remedy what to do when it holds none
 * @returns 32 bytes
 * @throws NodeError `jwtsecret-invalid`
 */
export function readJwtSecret(path: string, remedy: string): Uint8Array {
  const code = 'jwtsecret-invalid';
  const text = readSecretFile({ path, what, code, remedy });
  if (/^(?:0x)?[0-9a-fA-F]{64}$/.test(text)) return fromHex(text.slice(-64));
  throw new NodeError(code, `${what} ${path} is not 64 hex digits: ${remedy}`);
}
