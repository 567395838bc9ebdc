/** Labels beside lines: each as near to its line's end as the others allow. */

/** Places at least `gap` apart between `low` and `high`, in the order of `wanted` and as near to it as they can be. */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((place, index) => ({ place, index })).toSorted((a, b) => a.place - b.place);
  // Neighbours that are too near form a cluster around the mean of what they want.
  const clusters: { members: number[]; first: number; sum: number }[] = [];
  for (const { place, index } of order) {
    let cluster = { members: [index], first: place, sum: place };
    for (let before = clusters.at(-1); before !== undefined; before = clusters.at(-1)) {
      if (before.first + before.members.length * gap <= cluster.first) break;
      clusters.pop();
      cluster = { members: [...before.members, ...cluster.members], first: 0, sum: before.sum + cluster.sum };
      cluster.first = firstOf(cluster, gap, low, high);
    }
    cluster.first = firstOf(cluster, gap, low, high);
    clusters.push(cluster);
  }
  const places = new Array<number>(wanted.length).fill(0);
  for (const { members, first } of clusters) {
    members.forEach((index, rank) => {
      places[index] = first + rank * gap;
    });
  }
  return places;
}

/** Where a cluster begins: centred on what its members want, inside the bounds. */
function firstOf({ members, sum }: { members: number[]; sum: number }, gap: number, low: number, high: number): number {
  const height = (members.length - 1) * gap;
  return Math.max(low, Math.min(high - height, sum / members.length - height / 2));
}
