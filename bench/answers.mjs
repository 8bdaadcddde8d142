// Whether two answers are the same: the same rows in any order, numbers within the tolerance of their column.

function sorted(rows, within) {
  const key = row => row.filter((value, column) => !within[column]).join('\t');
  return [...rows].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

function same(a, b, tolerance = 0) {
  if (a === b) return true;
  const [x, y] = [Number(a), Number(b)];
  return Math.abs(x - y) <= tolerance * Math.max(Math.abs(x), Math.abs(y));
}

// The first difference, in words; nothing where there is none.
export function difference(one, other, within) {
  if (one.length !== other.length) return `${one.length} rows against ${other.length}`;
  const [a, b] = [sorted(one, within), sorted(other, within)];
  const row = a.findIndex((values, i) => values.length !== b[i].length
    || values.some((value, column) => !same(value, b[i][column], within[column])));
  return row < 0 ? undefined : `(${a[row].join(', ')}) against (${b[row].join(', ')})`;
}
