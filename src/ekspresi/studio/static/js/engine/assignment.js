/**
 * Pair rows with columns so that the sum of their scores is largest.
 *
 * In: a matrix of scores. Out: pairs. Does not know what is paired. The method is that of shortest augmenting paths
 * (Jonker & Volgenant, Computing 38, 1987), which SciPy's `linear_sum_assignment` uses too.
 */

/**
 * Assign rows to columns; each is used at most once, and the smaller side wholly.
 * @param {number[][]} scores (rows, columns), finite.
 * @returns {[number, number][]} pairs of row and column.
 */
export function assign(scores) {
  const [rows, columns] = [scores.length, scores[0]?.length ?? 0];
  if (!rows || !columns) return [];
  if (rows > columns) {
    const turned = scores[0].map((_, column) => scores.map((row) => row[column]));
    return assign(turned).map(([column, row]) => [row, column]);
  }
  // Potentials of rows and columns; column 0 and row 0 are outside the matrix.
  const ofRow = new Float64Array(rows + 1);
  const ofColumn = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1);
  for (let row = 1; row <= rows; row++) {
    const before = new Int32Array(columns + 1);
    const least = new Float64Array(columns + 1).fill(Infinity);
    const done = new Uint8Array(columns + 1);
    rowOf[0] = row;
    let column = 0;
    do {
      done[column] = 1;
      let [delta, next] = [Infinity, 0];
      for (let other = 1; other <= columns; other++) {
        if (done[other]) continue;
        const cost = -scores[rowOf[column] - 1][other - 1] - ofRow[rowOf[column]] - ofColumn[other];
        if (cost < least[other]) [least[other], before[other]] = [cost, column];
        if (least[other] < delta) [delta, next] = [least[other], other];
      }
      for (let other = 0; other <= columns; other++) {
        if (done[other]) {
          ofRow[rowOf[other]] += delta;
          ofColumn[other] -= delta;
        } else {
          least[other] -= delta;
        }
      }
      column = next;
    } while (rowOf[column] !== 0);
    for (; column; column = before[column]) rowOf[column] = rowOf[before[column]];
  }
  const pairs = [];
  for (let column = 1; column <= columns; column++) {
    if (rowOf[column]) pairs.push(/** @type {[number, number]} */ ([rowOf[column] - 1, column - 1]));
  }
  return pairs;
}
