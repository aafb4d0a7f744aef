import { expect, test } from 'vitest';
import { formatIp, IpError, inRange, ipClass, ipRange, networkGroup, parseIp, parseIpRange } from '../src/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: the compiler refuses these values
const any = (value: unknown): any => value;
const ip = Uint8Array.of(1, 2, 3, 4);

test.each<[string, () => unknown, string]>([
  [
    'text for bytes',
    () => formatIp(any('1.2.3.4')),
    'ip is a value of type string, expected a Uint8Array of 4 or 16 bytes',
  ],
  [
    'an address of 5 bytes',
    () => inRange(new Uint8Array(5), parseIpRange('::/0')),
    'ip is 5 bytes, expected a Uint8Array of 4 or 16 bytes',
  ],
  ['a prefix of 33 bits', () => ipRange(ip, 33), 'prefix is 33, expected an integer from 0 to 32'],
  ['a group of half a bit', () => networkGroup(ip, { ipv4: 0.5 }), 'ipv4 is 0.5, expected an integer from 0 to 32'],
  [
    'a misspelt option',
    () => networkGroup(ip, any({ ipV4: 16 })),
    'networkGroup has no option "ipV4" (did you mean "ipv4"?), known options: ipv4, ipv6',
  ],
])('%s is refused', (_, call, message) => {
  expect(call).toThrow(IpError);
  expect(call).toThrow(expect.objectContaining({ name: 'IpError', code: 'invalid-option', message }));
});

test('an IpError in JSON has name, code and message', () => {
  expect(JSON.parse(JSON.stringify(new IpError('invalid-option', 'text')))).toEqual({
    name: 'IpError',
    code: 'invalid-option',
    message: 'text',
  });
});

test('values of other types are not IP addresses', () => {
  for (const value of [undefined, null, 5, 'enode://', {}]) {
    expect(parseIp(any(value))).toBeUndefined();
  }
  for (const value of [undefined, null, '192.0.2.1', [192, 0, 2, 1]]) {
    const message = /^ip is a value of type \w+, expected a Uint8Array of 4 or 16 bytes$/;
    expect(() => formatIp(any(value))).toThrow(message);
    expect(() => ipClass(any(value))).toThrow(message);
    expect(() => inRange(any(value), [])).toThrow(message);
    expect(() => networkGroup(any(value))).toThrow(message);
  }
});
