import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@devp2p/enr';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openJwtSecret, readJwtSecret } from '../../src/jwt-secret.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jwt-secret-'));
  path = join(folder, 'jwtsecret');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('ND-09 the secret is made once, for its owner only, as hex digits', () => {
  const secret = openJwtSecret(folder);
  expect(secret).toHaveLength(32);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['jwtsecret']);
  expect(readFileSync(path, 'utf8')).toBe(`${toHex(secret)}\n`);
  expect(openJwtSecret(folder)).toEqual(secret);
  rmSync(path);
  expect(openJwtSecret(folder)).not.toEqual(secret);
});

test('ND-09 the operator may let the consensus client’s user read it', () => {
  const secret = openJwtSecret(folder);
  chmodSync(path, 0o640);
  expect(openJwtSecret(folder)).toEqual(secret);
});

test.each([
  ['as go-ethereum writes it', `0x${'aB'.repeat(32)}`],
  ['as openssl writes it', `${'ab'.repeat(32)}\n`],
  ['with white space around it', ` \t\n0x${'AB'.repeat(32)}\r\n `],
])('ND-09 a secret %s', (_, text) => {
  writeFileSync(path, text);
  expect(readJwtSecret(path, '')).toEqual(new Uint8Array(32).fill(0xab));
});

test.each([
  ['nothing', ''],
  ['half a secret', 'ab'.repeat(16)],
  ['too much', 'ab'.repeat(33)],
  ['an odd number of digits', 'a'.repeat(63)],
  ['no hex', 'z'.repeat(64)],
  ['0X', `0X${'ab'.repeat(32)}`],
  ['two lines', `${'ab'.repeat(16)}\n${'ab'.repeat(16)}`],
])('ND-09 a file with %s is named, not shown, and left alone', (_, text) => {
  writeFileSync(path, text);
  expect(() => openJwtSecret(folder)).toThrow(
    expect.objectContaining({
      code: 'jwtsecret-invalid',
      message: `JWT secret ${path} is not 64 hex digits: restore it, or remove the file to get a new secret`,
    }),
  );
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('ND-09 a file that is missing is not made when it was named', () => {
  expect(() => readJwtSecret(path, 'name another')).toThrow(
    expect.objectContaining({
      code: 'jwtsecret-invalid',
      message: `JWT secret ${path} cannot be read (ENOENT): name another`,
    }),
  );
  expect(readdirSync(folder)).toEqual([]);
});

test('ND-09 a link that leads nowhere is left alone', () => {
  symlinkSync(join(folder, 'nowhere'), path);
  expect(() => openJwtSecret(folder)).toThrow(/jwtsecret cannot be read \(ENOENT\)/);
  expect(readdirSync(folder)).toEqual(['jwtsecret']);
});

test('ND-09 a datadir that cannot be written is named', () => {
  expect(() => openJwtSecret(join(folder, 'none'))).toThrow(
    expect.objectContaining({
      code: 'datadir-unusable',
      message: expect.stringMatching(/^JWT secret .*none\/jwtsecret cannot be written \(ENOENT\)$/),
    }),
  );
});
