/** The values known before with newer ones, which replace none with `keep`; the same map if there are none. */
export function merged<K, V>(
  before: ReadonlyMap<K, V> | null,
  news: readonly V[] | undefined,
  key: (value: V) => K,
  keep = false,
): ReadonlyMap<K, V> {
  if (before !== null && (news === undefined || news.length === 0)) return before;
  const map = new Map(before ?? []);
  for (const value of news ?? []) if (!keep || !map.has(key(value))) map.set(key(value), value);
  return map;
}
