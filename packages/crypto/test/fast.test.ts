import { expect, test } from 'vitest';
import { fastCrypto } from '../src/fast.ts';
import { nobleCrypto } from '../src/index.ts';
import { backendSuite } from './backend-suite.ts';

// Platforms with a prebuilt binding in secp256k1 5.0.2.
const prebuilt = ['linux-x64', 'darwin-arm64', 'win32-x64'];

test.runIf(prebuilt.includes(`${process.platform}-${process.arch}`))('curve work is not left to noble here', () => {
  expect(fastCrypto.secp256k1).not.toBe(nobleCrypto.secp256k1);
});

backendSuite('fast', fastCrypto);
