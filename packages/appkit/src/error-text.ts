/** Formats an error and its causes on one line. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  const { message, name, cause } = error;
  const { code } = error as { code?: unknown };
  const text = oneLine(message) || (typeof code === 'string' ? code : name);
  if (cause === undefined) return text;
  const causeText = errorText(cause);
  return text.includes(causeText) ? text : `${text}: ${causeText}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}
