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
import { toHex } from '@devp2p/bytes';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jwtSecretPath, openJwtSecret } from '../../src/config/secrets/jwt-secret.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jwt-secret-'));
  path = join(folder, 'jwtsecret');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('EN-03 ND-09 the secret is created once, as hex digits, with access for its owner only', () => {
  const secret = openJwtSecret(path);
  expect(secret).toHaveLength(32);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['jwtsecret']);
  expect(readFileSync(path, 'utf8')).toBe(`${toHex(secret)}\n`);
  expect(openJwtSecret(path)).toEqual(secret);
  rmSync(path);
  expect(openJwtSecret(path)).not.toEqual(secret);
});

test('ND-09 the file may be readable for the consensus client’s user', () => {
  const secret = openJwtSecret(path);
  chmodSync(path, 0o640);
  expect(openJwtSecret(path)).toEqual(secret);
});

test.each([
  ['in the format of go-ethereum', `0x${'aB'.repeat(32)}`],
  ['in the format of openssl', `${'ab'.repeat(32)}\n`],
  ['with white space around it', ` \t\n0x${'AB'.repeat(32)}\r\n `],
])('EN-03 ND-09 a secret %s', (_, text) => {
  writeFileSync(path, text);
  expect(openJwtSecret(path)).toEqual(new Uint8Array(32).fill(0xab));
});

test.each([
  ['nothing', ''],
  ['half a secret', 'ab'.repeat(16)],
  ['too much', 'ab'.repeat(33)],
  ['an odd number of digits', 'a'.repeat(63)],
  ['no hex', 'z'.repeat(64)],
  ['0X', `0X${'ab'.repeat(32)}`],
  ['two lines', `${'ab'.repeat(16)}\n${'ab'.repeat(16)}`],
])(
  'EN-03 ND-09 the error about a file with %s has its path, not its content, and the file is not changed',
  (_, text) => {
    writeFileSync(path, text);
    expect(() => openJwtSecret(path)).toThrow(
      expect.objectContaining({
        code: 'jwtsecret-invalid',
        message: `JWT secret ${path} is not 64 hex digits: restore it, or remove the file to get a new secret`,
      }),
    );
    expect(readFileSync(path, 'utf8')).toBe(text);
  },
);

test('EN-03 ND-09 a configured file is created as well, and the error about an unreadable one has a hint', () => {
  const named = join(folder, 'jwt.hex');
  const secret = openJwtSecret(named, 'name another');
  expect(statSync(named).mode & 0o777).toBe(0o600);
  expect(openJwtSecret(named, 'name another')).toEqual(secret);
  expect(() => openJwtSecret(folder, 'name another')).toThrow(
    expect.objectContaining({
      code: 'jwtsecret-invalid',
      message: `JWT secret ${folder} cannot be read (EISDIR): name another`,
    }),
  );
});

test('ND-09 a dangling link is not changed', () => {
  symlinkSync(join(folder, 'nowhere'), path);
  expect(() => openJwtSecret(path)).toThrow(/jwtsecret cannot be read \(ENOENT\)/);
  expect(readdirSync(folder)).toEqual(['jwtsecret']);
});

test('ND-09 a datadir that cannot be written is named', () => {
  expect(() => openJwtSecret(jwtSecretPath(join(folder, 'none')))).toThrow(
    expect.objectContaining({
      code: 'datadir-unusable',
      message: expect.stringMatching(/^JWT secret .*none\/jwtsecret cannot be written \(ENOENT\)$/),
    }),
  );
});
