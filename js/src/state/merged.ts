/** The values known before with newer ones; the same map if there are none. */
export function merged<K, V>(
  before: ReadonlyMap<K, V> | null,
  news: readonly V[] | undefined,
  key: (value: V) => K,
): ReadonlyMap<K, V> {
  if (before !== null && (news === undefined || news.length === 0)) return before;
  const map = new Map(before ?? []);
  for (const value of news ?? []) map.set(key(value), value);
  return map;
}
