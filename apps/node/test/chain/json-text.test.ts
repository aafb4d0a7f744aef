import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Json, JsonNumber, JsonTextError, parseJsonText } from '../../src/config/genesis/json-text.ts';

/** The value that `JSON.parse` returns, with rounded numbers. */
function plain(json: Json): unknown {
  if (json instanceof JsonNumber) return Number(json.text);
  if (json instanceof Map) {
    return Object.fromEntries([...json].map(([name, value]) => [name, plain(value)]));
  }
  return Array.isArray(json) ? json.map(plain) : json;
}

function outcome(parse: () => unknown): unknown {
  try {
    return { value: parse() };
  } catch (error) {
    return error instanceof SyntaxError || error instanceof JsonTextError ? 'refused' : error;
  }
}

test('ND-04 JSON texts are parsed as by JSON.parse', () => {
  fc.assert(
    fc.property(fc.json({ depthSize: 'medium' }), fc.nat({ max: 3 }), (text, space) => {
      const spaced = JSON.stringify(JSON.parse(text), undefined, space);
      expect(plain(parseJsonText(spaced))).toEqual(JSON.parse(spaced));
    }),
    { numRuns: 300 },
  );
});

test('ND-04 damaged texts are refused by both parsers or by neither', () => {
  const change = fc.constantFrom('', '"', '\\', ',', '{', ']', ':', '0', '-', '.', 'e', 't', '\n', '\t ', '\u0001');
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.nat({ max: 2 }), change, (text, at, cut, added) => {
      const start = at % (text.length + 1);
      const damaged = text.slice(0, start) + added + text.slice(start + cut);
      const expected = outcome(() => JSON.parse(damaged));
      expect(outcome(() => plain(parseJsonText(damaged)))).toEqual(expected);
    }),
    { numRuns: 2_000 },
  );
});

test('ND-04 numbers keep their digits and members their order', () => {
  const json = parseJsonText('{"10": 58750000000000000000000, "9": -0.50e+3, "10": 1}');
  expect([...(json as ReadonlyMap<string, JsonNumber>)].map(([k, v]) => [k, v.text])).toEqual([
    ['10', '1'],
    ['9', '-0.50e+3'],
  ]);
  expect(parseJsonText(' 58750000000000000000000 ')).toEqual(new JsonNumber('58750000000000000000000'));
});

test.each([
  ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: expected "," or "}", not \'"\''],
  ['{"a": [1, 2', 'line 1, column 12: expected "," or "]", but the file ends'],
  ['{"a": "x\n"}', 'line 1, column 7: a text that begins here has a control character'],
  ['{"a": "x}', 'line 1, column 7: a text that begins here has no closing quote'],
  ['{"a": \u00e9}', 'line 1, column 7: expected a value, not U+00E9'],
  ['[1]\n\n]', "line 3, column 1: expected the end of the file, not ']'"],
])('ND-04 %j is refused with the position of the error', (text, message) => {
  expect(() => parseJsonText(text)).toThrow(JsonTextError);
  expect(() => parseJsonText(text)).toThrow(message);
});

test('ND-04 deep nesting is refused, long texts are not', () => {
  expect(() => parseJsonText('['.repeat(1_000_000))).toThrow('nested more than 100 levels deep');
  expect(() => parseJsonText('{"a":'.repeat(200))).toThrow('nested more than 100 levels deep');
  const long = 'ab'.repeat(2_000_000);
  expect(parseJsonText(`"${long}"`)).toBe(long);
  const escaped = String.raw`\\\"`.repeat(100_000);
  expect(parseJsonText(`"${escaped}"`)).toBe('\\"'.repeat(100_000));
});
