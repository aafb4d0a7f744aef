import { describe, expect, test } from 'vitest';
import { bytes, type Codec, decode, encode, list, Reader, RlpError, struct, uint, Writer } from '../src/index.ts';
import { failure } from './failure.ts';
import { hex, toHex } from './hex.ts';

/** EIP-2718: a list, or a string that contains a type byte and the content of that type. */
type Envelope = { type: number; fields: { nonce: number; data: Uint8Array } };
const fields = struct({ nonce: uint(64), data: bytes() });
const envelope: Codec<Envelope> = {
  read(reader) {
    if (reader.isList()) return { type: 0, fields: fields.read(reader) };
    const outerEnd = reader.enterString();
    const type = reader.byte();
    const value = { type, fields: fields.read(reader) };
    reader.leave(outerEnd);
    return value;
  },
  write(writer, value) {
    const mark = writer.length;
    fields.write(writer, value.fields);
    if (value.type === 0) return;
    writer.byte(value.type);
    writer.wrapString(mark);
  },
};

describe('a custom codec', () => {
  const envelopes = list(envelope);
  const value = [
    { type: 0, fields: { nonce: 1, data: hex('abcd') } },
    { type: 2, fields: { nonce: 1, data: hex('') } },
    { type: 127, fields: { nonce: 300, data: hex('ff'.repeat(60)) } },
  ];
  const encoding = `f850c40182abcd8402c20180b8447ff84182012cb83c${'ff'.repeat(60)}`;

  test('encodes and decodes a string with structured content', () => {
    expect(toHex(encode(envelopes, value))).toBe(encoding);
    expect(decode(envelopes, hex(encoding))).toEqual(value);
  });

  test.each([
    ['nothing in it', '80', 'too-few-items', 1],
    ['only a type', '02', 'too-few-items', 1],
    ['more than the fields', '8502c20180ff', 'too-many-items', 5],
    ['fields that overrun it', '8402c4018080', 'overrun', 2],
    ['a string where a list belongs', '830282ab', 'expected-list', 2],
  ])('refuses an envelope with %s', (_, input, code, offset) => {
    const error = failure(() => decode(envelope, hex(input)));
    expect([error.code, error.offset]).toEqual([code, offset]);
  });
});

describe('Reader', () => {
  test('reads lists without recursion', () => {
    const reader = new Reader(hex('c7c20102820102c005'));
    const outside = reader.enterList();
    expect([reader.position, reader.end, outside]).toEqual([1, 8, 9]);
    const middle = reader.enterList();
    expect(reader.uint(255)).toBe(1);
    expect(reader.done).toBe(false);
    reader.skip();
    expect(reader.done).toBe(true);
    reader.leave(middle);
    expect(reader.isList()).toBe(false);
    expect(reader.item()).toEqual(hex('820102'));
    expect(reader.isList()).toBe(true);
    expect(reader.item()).toEqual(hex('c0'));
    reader.leave(outside);
    expect(reader.uint(255)).toBe(5);
    expect(reader.done).toBe(true);
    expect(failure(() => reader.isList()).code).toBe('truncated');
  });

  test('reads every kind of string', () => {
    const reader = new Reader(hex('8201028382010381ff8180'));
    expect(reader.string()).toEqual(hex('0102'));
    expect(reader.fixed(3)).toEqual(hex('820103'));
    expect(reader.bigint(8)).toBe(255n);
    expect(reader.stringHeader()).toBe(1);
    expect(reader.byte()).toBe(0x80);
    expect(reader.done).toBe(true);
  });

  test('leave before the end of a list is an error', () => {
    const reader = new Reader(hex('c20102'));
    const outside = reader.enterList();
    reader.skip();
    expect(failure(() => reader.leave(outside))).toMatchObject({
      code: 'too-many-items',
      offset: 2,
    });
  });
});

describe('Writer', () => {
  test('writes from end to start, and keeps the content when it grows', () => {
    for (const capacity of [1, 2, 7, 64]) {
      const writer = new Writer(capacity);
      for (let i = 299; i >= 0; i--) {
        const mark = writer.length;
        writer.string(new Uint8Array(i).fill(i));
        writer.uint(i * 2 ** 31);
        writer.bigint(BigInt(i) ** 9n);
        writer.byte(0xc0);
        writer.wrapList(mark);
      }
      writer.wrapList(0);
      const reader = new Reader(writer.finish());
      const outside = reader.enterList();
      for (let i = 0; i < 300; i++) {
        const list = reader.enterList();
        expect(reader.item()).toEqual(hex('c0'));
        expect(reader.bigint(32)).toBe(BigInt(i) ** 9n);
        expect(reader.uint(Number.MAX_SAFE_INTEGER)).toBe(i * 2 ** 31);
        expect(reader.string()).toEqual(new Uint8Array(i).fill(i));
        reader.leave(list);
      }
      reader.leave(outside);
      expect(reader.done).toBe(true);
    }
  });

  test('finishes with a copy and can be used again', () => {
    const writer = new Writer();
    writer.uint(1);
    const first = writer.finish();
    writer.reset();
    expect(writer.length).toBe(0);
    writer.uint(300);
    expect([toHex(first), toHex(writer.finish())]).toEqual(['01', '82012c']);
  });

  test('does not wrap one small byte', () => {
    const writer = new Writer();
    writer.byte(0x7f);
    writer.wrapString(0);
    expect(toHex(writer.finish())).toBe('7f');
    writer.byte(0x80);
    writer.wrapString(1);
    expect(toHex(writer.finish())).toBe('81807f');
  });
});

test('a custom RlpError', () => {
  const error = new RlpError('invalid-value', 'unknown type', 7);
  expect(error).toMatchObject({ name: 'RlpError', path: '', offset: 7 });
  expect(error.message).toBe('unknown type at byte 7');
});
