/** The field ` UNIT/s=` of a result, empty for a count of zero. @param duration in ms */
export function rate(unit: string, count: number, duration: number): string {
  return count > 0 && duration > 0 ? ` ${unit}/s=${Math.round((count / duration) * 1_000)}` : '';
}
