/**
 * Whether arrays and objects in a JSON text lie deeper in each other than `max`. Looks at each character once and keeps
 * nothing, so that it can be asked before anything is built; of text that is no JSON it says something or other.
 */
export function isNestedDeeper(json: string, max: number): boolean {
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    switch (json.charCodeAt(i)) {
      case 0x22: // "
        i = endOfString(json, i);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        if (depth > max) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
    }
  }
  return false;
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(json: string, start: number): number {
  let i = start + 1;
  while (i < json.length) {
    const code = json.charCodeAt(i);
    if (code === 0x22) return i;
    i += code === 0x5c ? 2 : 1; // \
  }
  return i;
}
