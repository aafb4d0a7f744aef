import { decode, encode, type Tree, tree } from '@devp2p/rlp';
import type { Random } from './random.ts';

/** Numbers at the limits of fields and prefixes. */
const borders = [0, 1, 0x37, 0x38, 0x7f, 0x80, 0xb7, 0xb8, 0xbf, 0xc0, 0xf7, 0xf8, 0xfe, 0xff];
const depth = 64;

/** Bytes that differ from the input in one place. */
export function mutateBytes(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const at = random.below(input.length + 1);
  const length = 1 + random.below(random.oneIn(4) ? 64 : 4);
  switch (random.below(8)) {
    case 0: // One bit.
      return change(input, at, (byte) => byte ^ (1 << random.below(8)));
    case 1:
      return change(input, at, () => random.pick(borders));
    case 2:
      return change(input, at, (byte) => byte + (random.oneIn(2) ? 1 : -1));
    case 3: // The end is missing.
      return input.slice(0, at);
    case 4: // Bytes are missing.
      return splice(input, at, length, new Uint8Array());
    case 5:
      return splice(input, at, 0, random.bytes(length));
    case 6: // Bytes are repeated.
      return splice(input, at, 0, input.subarray(at, at + length));
    default: // The end of another input.
      return splice(input, at, input.length, other.subarray(random.below(other.length + 1)));
  }
}

function change(input: Uint8Array, at: number, to: (byte: number) => number): Uint8Array {
  const output = input.slice();
  if (output.length > 0) output[at % output.length] = to(output[at % output.length] as number);
  return output;
}

function splice(input: Uint8Array, at: number, count: number, put: Uint8Array): Uint8Array {
  const tail = input.subarray(Math.min(input.length, at + count));
  const output = new Uint8Array(at + put.length + tail.length);
  output.set(input.subarray(0, at));
  output.set(put, at);
  output.set(tail, at + put.length);
  return output;
}

/** RLP whose tree differs from the input's in one item; different bytes if the input is not RLP. */
export function mutateRlp(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  // Changes of the bytes give prefixes that do not match their content.
  if (random.oneIn(3)) return mutateBytes(input, other, random);
  try {
    const root = decode(tree({ maxDepth: depth }), input);
    return encode(tree({ maxDepth: depth + 2 }), mutateTree(root, random));
  } catch {
    return mutateBytes(input, other, random);
  }
}

function mutateTree(root: Tree, random: Random): Tree {
  if (!Array.isArray(root) || root.length === 0 || random.oneIn(16)) return mutateItem(root, random);
  const items = [...root];
  const at = random.below(items.length);
  const item = items[at] as Tree;
  // Mostly further down, where most items are.
  if (Array.isArray(item) && !random.oneIn(3)) {
    items[at] = mutateTree(item, random);
    return items;
  }
  switch (random.below(7)) {
    case 0:
      items.splice(at, 1);
      break;
    case 1:
      items.splice(at, 0, item);
      break;
    case 2: // One item many times.
      items.splice(at, 0, ...Array.from({ length: random.below(40) }, () => item));
      break;
    case 3: {
      const to = random.below(items.length);
      items[at] = items[to] as Tree;
      items[to] = item;
      break;
    }
    case 4:
      items.push(random.bytes(random.below(40)));
      break;
    default:
      items[at] = mutateItem(item, random);
  }
  return items;
}

function mutateItem(item: Tree, random: Random): Tree {
  switch (random.below(8)) {
    case 0:
      return new Uint8Array();
    case 1:
      return [];
    case 2: // The largest integers of each width, and one more.
      return new Uint8Array(1 + random.below(33)).fill(0xff);
    case 3:
      return Uint8Array.of(1, ...new Uint8Array(random.below(33)));
    case 4: // An integer with a leading zero.
      return Uint8Array.of(0, ...(item instanceof Uint8Array ? item.subarray(0, 32) : [1]));
    case 5:
      return nested(item, random.oneIn(8) ? depth : 1);
    case 6:
      return Uint8Array.of(random.pick(borders));
    default:
      return item instanceof Uint8Array
        ? mutateBytes(item, random.bytes(8), random)
        : [...item, random.bytes(random.below(80))];
  }
}

function nested(item: Tree, levels: number): Tree {
  let inner: Tree = levels === 1 ? item : [];
  for (let level = 0; level < levels; level++) inner = [inner];
  return inner;
}

/** Text that differs from the input in one place; `words` are the keywords of its language. */
export function mutateText(input: string, words: readonly string[], random: Random): string {
  const at = random.below(input.length + 1);
  const end = at + random.below(random.oneIn(4) ? 40 : 4);
  const kept = [input.slice(0, at), input.slice(at)] as const;
  switch (random.below(8)) {
    case 0:
      return kept[0];
    case 1:
      return kept[0] + input.slice(end);
    case 2:
      return kept[0] + input.slice(at, end) + kept[1];
    case 3:
      return kept[0] + random.pick(words) + kept[1];
    case 4:
      return kept[0] + random.pick(words) + input.slice(end);
    case 5:
      return kept[0] + character(random) + kept[1];
    case 6:
      return kept[0] + character(random) + kept[1].slice(1);
    default:
      return input.replace(/\d+/g, (digits) => (random.oneIn(3) ? number(random) : digits));
  }
}

function character(random: Random): string {
  const limit = random.pick([0x20, 0x80, 0x80, 0x80, 0x100, 0x10000, 0x110000]);
  return String.fromCodePoint(random.below(limit));
}

function number(random: Random): string {
  const numbers = ['0', '1', '-1', '65535', '65536', '9007199254740993', '18446744073709551616'];
  return random.pick([...numbers, '1e400', '0.5', '00', '9'.repeat(100)]);
}

/** JSON that differs from the input in one value; any text if the input is not JSON. */
export function mutateJson(input: string, words: readonly string[], random: Random): string {
  if (random.oneIn(4)) return mutateText(input, words, random);
  try {
    return JSON.stringify(mutateValue(JSON.parse(input), words, random));
  } catch {
    return mutateText(input, words, random);
  }
}

function mutateValue(value: unknown, words: readonly string[], random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.oneIn(8)) {
    return otherValue(value, words, random);
  }
  const keys = Object.keys(value);
  if (keys.length === 0) return { [random.pick(words)]: 1 };
  const key = random.pick(keys);
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  switch (random.below(5)) {
    case 0:
      delete copy[key];
      return copy;
    case 1:
      copy[random.pick(words)] = copy[key];
      return copy;
    default:
      copy[key] = mutateValue(copy[key], words, random);
      return copy;
  }
}

function otherValue(value: unknown, words: readonly string[], random: Random): unknown {
  const others = [null, true, '', '0x', '0x0', -1, 0, 1.5, 2 ** 53, 1e308, [], {}, [value]];
  if (random.oneIn(3) && typeof value === 'string') return mutateText(value, words, random);
  return random.oneIn(3) ? random.pick(words) : random.pick(others);
}
