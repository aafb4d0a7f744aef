import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@devp2p/bytes';
import { nobleCrypto as crypto } from '@devp2p/crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatadir, openNodeKey, readNodeKey } from '../../src/config/datadir.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'datadir-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const mode = (path: string): number => statSync(path).mode & 0o777;

describe('ND-03 the data directory', () => {
  test('ND-03 is created with access for its owner only, and reused', () => {
    const path = openDatadir(join(folder, 'a', 'b'));
    expect(mode(path)).toBe(0o700);
    expect(openDatadir(path)).toBe(path);
  });

  test('ND-03 the error about a file in its place names the path', () => {
    writeFileSync(join(folder, 'x'), '');
    expect(() => openDatadir(join(folder, 'x', 'y'))).toThrow(
      expect.objectContaining({
        code: 'datadir-unusable',
        message: expect.stringContaining(join(folder, 'x', 'y')),
      }),
    );
    expect(() => openDatadir(join(folder, 'x'))).toThrow(/x cannot be created .*not a directory/);
  });

  // The recursive mkdir of Node.js does not return for such a path.
  test.skipIf(process.platform !== 'linux')('ND-03 the error about a path without write access names it', () => {
    expect(() => openDatadir('/proc/nowhere/deep')).toThrow(
      /^datadir \/proc\/nowhere\/deep cannot be created or read \(ENOENT\)$/,
    );
  });
});

describe('ND-03 the node key', () => {
  test('ND-03 is created once, with access for its owner only', () => {
    const key = openNodeKey(folder, crypto);
    expect(crypto.secp256k1.isPrivateKey(key)).toBe(true);
    expect(mode(join(folder, 'nodekey'))).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['nodekey']);
    expect(openNodeKey(folder, crypto)).toEqual(key);
    expect(readFileSync(join(folder, 'nodekey'), 'utf8').trim()).toBe(toHex(key));
  });

  test('ND-03 is refused while other users can read it', () => {
    openNodeKey(folder, crypto);
    chmodSync(join(folder, 'nodekey'), 0o640);
    expect(() => openNodeKey(folder, crypto)).toThrow(
      expect.objectContaining({
        code: 'nodekey-exposed',
        message: expect.stringMatching(/mode 0640.*chmod 600 .*nodekey$/),
      }),
    );
  });

  test.each([
    ['nothing', ''],
    ['half a key', 'ab'.repeat(16)],
    ['no hex', 'z'.repeat(64)],
    ['zero', '0'.repeat(64)],
    ['the group order', 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'],
  ])('ND-03 a file with %s is named and not changed', (_, text) => {
    const path = join(folder, 'nodekey');
    writeFileSync(path, text, { mode: 0o600 });
    expect(() => openNodeKey(folder, crypto)).toThrow(
      expect.objectContaining({
        code: 'nodekey-invalid',
        message: expect.stringContaining(path),
      }),
    );
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('ND-03 an unreadable file is named', () => {
    expect(() => readNodeKey(join(folder, 'none'), crypto, 'name another')).toThrow(/none cannot be read \(ENOENT\)/);
  });

  test('ND-03 temporary files of a killed process have no effect', () => {
    execFileSync('touch', [join(folder, 'nodekey.1')]);
    expect(openNodeKey(folder, crypto)).toEqual(openNodeKey(folder, crypto));
  });
});
