import { describe, expect, test } from 'vitest';
import { getBlobs } from '../../src/engine/get-blobs.ts';
import type { ProvenBlob } from '../../src/txpool/options.ts';
import { makeGenesis } from '../chain/make-blocks.ts';
import { hex } from './scene.ts';

const bytes = (fill: number, length: number): Uint8Array => new Uint8Array(length).fill(fill);
const [first, second, missing] = [bytes(1, 32), bytes(2, 32), bytes(3, 32)];
const old: ProvenBlob = { blob: bytes(9, 8), version: 0, proofs: [bytes(7, 48)] };
const current: ProvenBlob = { blob: bytes(8, 8), version: 1, proofs: [bytes(5, 48), bytes(6, 48)] };

function source(last: 'shanghai' | 'cancun' | 'prague' | 'osaka', blob: ProvenBlob, isSynced = true) {
  const genesis = makeGenesis(last);
  const { header } = genesis;
  return {
    chain: { genesis, head: header, numberOf: async () => (isSynced ? 0 : undefined) },
    forkChoice: { head: header.hash },
    pool: {
      blobs: async (hashes: readonly Uint8Array[]) => hashes.map(([kind]) => (kind === 3 ? undefined : blob)),
    },
  };
}

const json = { blob: hex(current.blob), proofs: current.proofs.map(hex) };

describe('engine_getBlobs', () => {
  test('EN-24 more than 128 hashes are refused', async () => {
    const hashes = Array.from({ length: 129 }, () => first);
    const error = { code: 'too-large-request', number: -38004 };
    for (const version of ['V1', 'V2', 'V3'] as const) {
      await expect(getBlobs(source('osaka', current), version, hashes)).rejects.toMatchObject(error);
    }
  });

  test('EN-24 version 1 is of Cancun and Prague, with null for a missing blob', async () => {
    for (const fork of ['cancun', 'prague'] as const) {
      const proven = { blob: hex(old.blob), proof: hex(old.proofs[0]) };
      expect(await getBlobs(source(fork, old), 'V1', [first, missing, second])).toEqual([proven, null, proven]);
    }
    const unsupported = { code: 'unsupported-fork', number: -38005 };
    await expect(getBlobs(source('osaka', current), 'V1', [first])).rejects.toMatchObject(unsupported);
  });

  test('EN-24 version 2 has all blobs or null, version 3 those that are known', async () => {
    const osaka = source('osaka', current);
    expect(await getBlobs(osaka, 'V2', [first, second])).toEqual([json, json]);
    expect(await getBlobs(osaka, 'V2', [first, missing])).toBeNull();
    expect(await getBlobs(osaka, 'V3', [first, missing])).toEqual([json, null]);
    expect(await getBlobs(osaka, 'V3', [])).toEqual([]);
  });

  test('EN-24 versions 2 and 3 are null while syncing and before Osaka', async () => {
    for (const version of ['V2', 'V3'] as const) {
      expect(await getBlobs(source('osaka', current, false), version, [first])).toBeNull();
      expect(await getBlobs(source('prague', old), version, [first])).toBeNull();
    }
  });
});
