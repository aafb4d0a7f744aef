import { createHash } from 'node:crypto';
import { fromHex, toHex } from '@devp2p/bytes';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Kzg, openKzg, versionedHash } from '../../../src/execution/kzg/kzg.ts';
import { loadScriptLibrary } from '../../../src/execution/kzg/load-library.ts';
import { createNativeLibrary } from '../../../src/execution/kzg/native-library.ts';
import { altered, makeBlob, maker, malformedPoints } from './blobs.ts';

const blobs = [makeBlob(1), makeBlob(2)];
const commitments = blobs.map((blob) => maker.blobToKzgCommitment(blob));
const blobProofs = blobs.map((blob, at) => maker.computeBlobKzgProof(blob, commitments[at] as Uint8Array));
const [commitment] = commitments as [Uint8Array, Uint8Array];
const z = Uint8Array.from({ length: 32 }, (_, at) => at);
const [proof, y] = maker.computeKzgProof(blobs[0] as Uint8Array, z) as [Uint8Array, Uint8Array];
const tooLarge = fromHex('73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001');
const extended = blobs.map((blob) => maker.computeCellsAndKzgProofs(blob));
const allCells = extended.flatMap(({ cells }) => cells);
const allProofs = extended.flatMap(({ proofs }) => proofs);
const allIndices = allCells.map((_, at) => at % 128);
const ofCells = allCells.map((_, at) => commitments[at < 128 ? 0 : 1] as Uint8Array);

/** An element of a list of a fixed fixture. */
function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`no element ${index}`);
  return value;
}

function overwrite(bytes: Uint8Array, offset: number, part: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.set(part, offset);
  return copy;
}

const firstHalf = {
  from: 'the first 64, which are the blob',
  indices: Array.from({ length: 64 }, (_, index) => index),
};
const descending = { from: '65, in descending order', indices: Array.from({ length: 65 }, (_, index) => 127 - index) };

describe.each([
  { name: 'node-eth-kzg', load: () => createNativeLibrary(maker), recoveries: [firstHalf, descending] },
  // From the first half of the cells no library recovers: the rest is computed. That takes seconds in this one.
  { name: 'micro-eth-signer', load: () => loadScriptLibrary(), recoveries: [descending] },
])('KZG with $name', ({ load, recoveries }) => {
  let kzg: Kzg;
  beforeAll(() => {
    kzg = openKzg({ loadLibrary: load });
    kzg.load();
  });

  test('ND-07 a point evaluation verifies, and with any other value it does not', () => {
    expect(kzg.verifyProof(commitment, z, y, proof)).toBe(true);
    expect(kzg.verifyProof(at(commitments, 1), z, y, proof)).toBe(false);
    expect(kzg.verifyProof(commitment, altered(z), y, proof)).toBe(false);
    expect(kzg.verifyProof(commitment, z, altered(y), proof)).toBe(false);
    expect(kzg.verifyProof(commitment, z, y, commitment)).toBe(false);
  });

  test('ND-07 malformed points and scalars do not verify', () => {
    for (const point of Object.values(malformedPoints)) {
      expect(kzg.verifyProof(point, z, y, proof)).toBe(false);
      expect(kzg.verifyProof(commitment, z, y, point)).toBe(false);
    }
    expect(kzg.verifyProof(commitment, tooLarge, y, proof)).toBe(false);
    expect(kzg.verifyProof(commitment, z, tooLarge, proof)).toBe(false);
  });

  test('the commitment of a blob equals that of the native library', () => {
    expect(toHex(kzg.commitment(at(blobs, 0)))).toBe(toHex(commitment));
  });

  test('a blob with a field element that is not canonical has no commitment, and its proofs do not verify', () => {
    const blob = overwrite(at(blobs, 0), 4095 * 32, tooLarge);
    expect(() => kzg.commitment(blob)).toThrow(expect.objectContaining({ name: 'KzgError', code: 'input' }));
    expect(() => kzg.cellsAndProofs(blob)).toThrow(expect.objectContaining({ name: 'KzgError', code: 'input' }));
    expect(kzg.verifyBlobs([blob], [commitment], [at(blobProofs, 0)])).toBe(false);
    expect(kzg.verifyBlobCells([blob], [commitment], allProofs.slice(0, 128))).toBe(false);
  });

  test('blob proofs verify in one batch, and one wrong entry fails the batch', () => {
    expect(kzg.verifyBlobs(blobs, commitments, blobProofs)).toBe(true);
    expect(kzg.verifyBlobs([], [], [])).toBe(true);
    expect(kzg.verifyBlobs(blobs, commitments, blobProofs.toReversed())).toBe(false);
    expect(kzg.verifyBlobs(blobs, commitments.toReversed(), blobProofs)).toBe(false);
    expect(kzg.verifyBlobs([at(blobs, 0), altered(at(blobs, 1))], commitments, blobProofs)).toBe(false);
    for (const point of Object.values(malformedPoints)) {
      expect(kzg.verifyBlobs(blobs, commitments, [at(blobProofs, 0), point])).toBe(false);
      expect(kzg.verifyBlobs(blobs, [commitment, point], blobProofs)).toBe(false);
    }
  });

  test('the cells and proofs of a blob equal those of the native library, and its first 64 cells are the blob', () => {
    const { cells, proofs } = kzg.cellsAndProofs(at(blobs, 0));
    expect(cells.map(toHex)).toEqual(at(extended, 0).cells.map(toHex));
    expect(proofs.map(toHex)).toEqual(at(extended, 0).proofs.map(toHex));
    expect(cells.slice(0, 64).map(toHex).join('')).toBe(toHex(at(blobs, 0)));
  });

  test('the proofs of all cells of blobs verify', () => {
    expect(kzg.verifyBlobCells(blobs, commitments, allProofs)).toBe(true);
    expect(kzg.verifyBlobCells(blobs, commitments, allProofs.toReversed())).toBe(false);
    expect(kzg.verifyBlobCells(blobs, commitments.toReversed(), allProofs)).toBe(false);
  });

  test('proofs of cells verify in one batch, and one wrong entry fails the batch', () => {
    expect(kzg.verifyCells([], [], [], [])).toBe(true);
    const picked = [3, 130, 77, 255];
    const pick = <T>(values: readonly T[]) => picked.map((index) => at(values, index));
    const given = { of: pick(ofCells), indices: pick(allIndices), cells: pick(allCells), proofs: pick(allProofs) };
    expect(kzg.verifyCells(given.of, given.indices, given.cells, given.proofs)).toBe(true);
    expect(kzg.verifyCells(given.of.toReversed(), given.indices, given.cells, given.proofs)).toBe(false);
    expect(kzg.verifyCells(given.of, [3, 2, 77, 126], given.cells, given.proofs)).toBe(false);
    expect(kzg.verifyCells(given.of, given.indices, given.cells.map(altered), given.proofs)).toBe(false);
    expect(kzg.verifyCells(given.of, given.indices, given.cells.toReversed(), given.proofs)).toBe(false);
    const notCanonical = given.cells.with(2, overwrite(at(given.cells, 2), 32, tooLarge));
    expect(kzg.verifyCells(given.of, given.indices, notCanonical, given.proofs)).toBe(false);
    for (const point of Object.values(malformedPoints)) {
      expect(kzg.verifyCells(given.of, given.indices, given.cells, given.proofs.with(1, point))).toBe(false);
      expect(kzg.verifyCells(given.of.with(1, point), given.indices, given.cells, given.proofs)).toBe(false);
    }
  });

  test.each(recoveries)('a blob is recovered from $from', ({ indices }) => {
    const { cells, proofs } = at(extended, 0);
    const recovered = kzg.recover(
      commitment,
      indices,
      indices.map((index) => at(cells, index)),
      indices.map((index) => at(proofs, index)),
    );
    expect(recovered?.cells.map(toHex)).toEqual(cells.map(toHex));
    expect(recovered?.proofs.map(toHex)).toEqual(proofs.map(toHex));
  });

  test('nothing is recovered from cells of which one belongs to another blob', () => {
    const indices = Array.from({ length: 64 }, (_, index) => 2 * index);
    const cells = indices.map((index) => at(at(extended, index === 10 ? 1 : 0).cells, index));
    const proofs = indices.map((index) => at(at(extended, 0).proofs, index));
    expect(kzg.recover(commitment, indices, cells, proofs)).toBeUndefined();
  });
});

describe('arguments of KZG functions', () => {
  const kzg = openKzg({
    loadLibrary: () => {
      throw new Error('the library was loaded');
    },
  });
  const cells = allCells.slice(0, 2);
  const proofs = allProofs.slice(0, 2);
  const two = [commitment, commitment];
  const half = Array.from({ length: 64 }, (_, index) => index);
  test.each<[string, () => unknown]>([
    ['commitment has 47 bytes, expected 48', () => kzg.verifyProof(commitment.subarray(1), z, y, proof)],
    ['z has 31 bytes, expected 32', () => kzg.verifyProof(commitment, z.subarray(1), y, proof)],
    ['y has 33 bytes, expected 32', () => kzg.verifyProof(commitment, z, new Uint8Array(33), proof)],
    ['proof has 0 bytes, expected 48', () => kzg.verifyProof(commitment, z, y, new Uint8Array(0))],
    ['blob has 131071 bytes, expected 131072', () => kzg.commitment(at(blobs, 0).subarray(1))],
    ['blob has 0 bytes, expected 131072', () => kzg.cellsAndProofs(new Uint8Array(0))],
    ['commitment has 49 bytes, expected 48', () => versionedHash(new Uint8Array(49))],
    ['1 commitments, expected 2', () => kzg.verifyBlobs(blobs, [commitment], blobProofs)],
    ['3 proofs, expected 2', () => kzg.verifyBlobs(blobs, commitments, [...blobProofs, proof])],
    ['blob has 1 bytes, expected 131072', () => kzg.verifyBlobs([new Uint8Array(1)], [commitment], [proof])],
    ['127 proofs, expected 128', () => kzg.verifyBlobCells([at(blobs, 0)], [commitment], allProofs.slice(0, 127))],
    ['3 indices, expected 2', () => kzg.verifyCells(two, [0, 1, 2], cells, proofs)],
    ['1 commitments, expected 2', () => kzg.verifyCells([commitment], [0, 1], cells, proofs)],
    ['1 proofs, expected 2', () => kzg.verifyCells(two, [0, 1], cells, [proof])],
    ['cell index 128 is not below 128', () => kzg.verifyCells(two, [0, 128], cells, proofs)],
    ['cell index -1 is not below 128', () => kzg.verifyCells(two, [-1, 1], cells, proofs)],
    ['cell index 0.5 is not below 128', () => kzg.verifyCells(two, [0, 0.5], cells, proofs)],
    [
      'cell has 2047 bytes, expected 2048',
      () => kzg.verifyCells([commitment], [0], [at(cells, 0).subarray(1)], [proof]),
    ],
    ['63 cells, at least 64 are needed', () => kzg.recover(commitment, half.slice(1), allCells.slice(1, 64), [])],
    [
      'a cell index occurs twice',
      () => kzg.recover(commitment, half.with(5, 6), allCells.slice(0, 64), allProofs.slice(0, 64)),
    ],
  ])('are refused before the library is loaded: %s', (message, call) => {
    expect(call).toThrow(expect.objectContaining({ name: 'KzgError', code: 'input', message }));
  });

  test('the versioned hash is SHA-256 with the version as its first byte', () => {
    const digest = createHash('sha256').update(commitment).digest('hex');
    expect(toHex(versionedHash(commitment))).toBe(`01${digest.slice(2)}`);
  });
});
