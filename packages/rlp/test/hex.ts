export const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'));

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
