/*-------------------------------------------------------------------------
 *
 * markov.c
 *		Where counted moves lead in the end, and how long that takes.
 *
 * States are eliminated one by one (Grassmann, Taksar & Heyman 1985): whoever moved to an eliminated state goes on as
 * that state's moves do, in proportion.  Counts are never subtracted, only added,
 * multiplied and divided, so no digits cancel however long the walks are; and a state
 * that returns to itself needs no geometric series, because what matters is where its
 * other moves go.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "markov.h"

/*
 * The open states that can be absorbed, as a matrix of counts with one row each; the
 * two last columns are won and lost.
 */
typedef struct Matrix
{
	uint32		nopen;
	uint32		ncolumns;		/* nopen + 2 */
	double	   *counts;
	double	   *times;			/* by row */
	bool	   *alive;			/* by row: leads to won or lost, and is not eliminated yet */
} Matrix;

static inline double *
row_of(const Matrix *matrix, uint32 row)
{
	return matrix->counts + (size_t) row * matrix->ncolumns;
}

/* The column of each state; that of an open one is its row as well. */
static uint32 *
number_columns(const MarkovChain *chain, uint32 *nopen)
{
	uint32	   *columns = palloc(Max(chain->nstates, 1) * sizeof(uint32));

	*nopen = 0;
	for (uint32 i = 0; i < chain->nstates; i++)
		if (chain->kinds[i] == MARKOV_OPEN)
			columns[i] = (*nopen)++;
	for (uint32 i = 0; i < chain->nstates; i++)
		if (chain->kinds[i] != MARKOV_OPEN)
			columns[i] = *nopen + (chain->kinds[i] == MARKOV_LOST);
	return columns;
}

/* Marks, from the absorbing columns backwards, every row that leads to one. */
static void
find_alive(Matrix *matrix)
{
	uint32	   *stack = palloc(matrix->ncolumns * sizeof(uint32));
	uint32		depth = 0;

	stack[depth++] = matrix->nopen;
	stack[depth++] = matrix->nopen + 1;
	while (depth > 0)
	{
		uint32		column = stack[--depth];

		CHECK_FOR_INTERRUPTS();
		for (uint32 row = 0; row < matrix->nopen; row++)
			if (!matrix->alive[row] && row_of(matrix, row)[column] > 0)
			{
				matrix->alive[row] = true;
				stack[depth++] = row;
			}
	}
	pfree(stack);
}

static inline bool
is_column_alive(const Matrix *matrix, uint32 column)
{
	return column >= matrix->nopen || matrix->alive[column];
}

/*
 * Fills the matrix.  Moves to a state from which nothing is ever absorbed count for
 * nothing, like the journeys that are still open.
 */
static void
fill_matrix(Matrix *matrix, const MarkovChain *chain, const uint32 *columns, uint32 nopen)
{
	matrix->nopen = nopen;
	matrix->ncolumns = nopen + 2;
	matrix->counts = palloc0(Max(nopen, 1) * matrix->ncolumns * sizeof(double));
	matrix->times = palloc0(Max(nopen, 1) * sizeof(double));
	matrix->alive = palloc0(Max(nopen, 1) * sizeof(bool));
	for (uint32 i = 0; i < chain->nmoves; i++)
		if (chain->kinds[chain->moves[i].from] == MARKOV_OPEN)
			row_of(matrix, columns[chain->moves[i].from])[columns[chain->moves[i].to]] +=
				chain->moves[i].count;
	find_alive(matrix);
	for (uint32 i = 0; i < chain->nmoves; i++)
		if (chain->kinds[chain->moves[i].from] == MARKOV_OPEN &&
			is_column_alive(matrix, columns[chain->moves[i].to]))
			matrix->times[columns[chain->moves[i].from]] += chain->moves[i].time;
}

/* What leaves a row for another state that still matters. */
static double
outflow(const Matrix *matrix, uint32 row)
{
	double		sum = 0;

	for (uint32 column = 0; column < matrix->ncolumns; column++)
		if (column != row && is_column_alive(matrix, column))
			sum += row_of(matrix, row)[column];
	return sum;
}

/* Lets everybody who moved to this state go on as its moves do. */
static void
eliminate(Matrix *matrix, uint32 gone)
{
	double		out = outflow(matrix, gone);
	const double *source = row_of(matrix, gone);

	CHECK_FOR_INTERRUPTS();
	matrix->alive[gone] = false;
	for (uint32 row = 0; row < matrix->nopen; row++)
	{
		double	   *target = row_of(matrix, row);
		double		factor = target[gone] / out;

		if (!matrix->alive[row] || factor == 0)
			continue;
		for (uint32 column = 0; column < matrix->ncolumns; column++)
			if (is_column_alive(matrix, column))
				target[column] += factor * source[column];
		matrix->times[row] += factor * matrix->times[gone];
	}
}

/*
 * The outcome of a walk from this state.  False, with an error, if there are too many
 * states.
 */
bool
markov_outcome(const MarkovChain *chain, uint32 start, MarkovOutcome *outcome, PureError *error)
{
	uint32		nopen;
	uint32	   *columns = number_columns(chain, &nopen);
	Matrix		matrix;
	double		out;

	memset(outcome, 0, sizeof(*outcome));
	if (chain->kinds[start] != MARKOV_OPEN)
	{
		outcome->known = true;
		outcome->won = chain->kinds[start] == MARKOV_WON;
		return true;
	}
	if (nopen > MARKOV_MAX_OPEN)
	{
		pure_fail(error, PURE_LIMIT, "there are more than %d open stages", MARKOV_MAX_OPEN);
		return pure_hint(error, "Group the stages into fewer ones first.");
	}
	fill_matrix(&matrix, chain, columns, nopen);
	if (!matrix.alive[columns[start]])
		return true;
	for (uint32 row = 0; row < nopen; row++)
		if (row != columns[start] && matrix.alive[row])
			eliminate(&matrix, row);
	out = outflow(&matrix, columns[start]);
	outcome->known = true;
	outcome->won = row_of(&matrix, columns[start])[nopen] / out;
	outcome->time = matrix.times[columns[start]] / out;
	return true;
}

/* A copy of some rows of a matrix, and of their columns; the two last stay the last. */
static Matrix
keep_rows(const Matrix *from, const uint32 *rows, uint32 n)
{
	Matrix		matrix = {.nopen = n, .ncolumns = n + 2};

	matrix.counts = palloc((size_t) n * matrix.ncolumns * sizeof(double));
	matrix.times = palloc0(n * sizeof(double));
	matrix.alive = palloc(n * sizeof(bool));
	for (uint32 row = 0; row < n; row++)
	{
		const double *source = row_of(from, rows[row]);
		double	   *target = row_of(&matrix, row);

		for (uint32 column = 0; column < n; column++)
			target[column] = source[rows[column]];
		target[n] = source[from->nopen];
		target[n + 1] = source[from->nopen + 1];
		matrix.alive[row] = from->alive[rows[row]];
	}
	return matrix;
}

static void
free_matrix(Matrix *matrix)
{
	pfree(matrix->counts);
	pfree(matrix->times);
	pfree(matrix->alive);
}

/* What share of the won walks from row 0 passes through row 1, when there is no other. */
static double
share_passing(const Matrix *matrix)
{
	const double *start = row_of(matrix, 0);
	const double *row = row_of(matrix, 1);
	double		through;

	if (!matrix->alive[0] || !matrix->alive[1])
		return 0;
	through = start[1] * row[2] / outflow(matrix, 1);
	return through > 0 ? through / (through + start[2]) : 0;
}

/*
 * Of each row but the first: half of the rows are eliminated for the sake of the other
 * half, and the other way round.  Together that takes no longer than eliminating each
 * row about twice.
 */
static void
find_effects(const Matrix *matrix, double *effects)
{
	uint32		n = matrix->nopen;
	uint32		middle = (n + 1) / 2;
	uint32	   *rows;

	if (n == 2)
		effects[1] = share_passing(matrix);
	if (n <= 2)
		return;
	rows = palloc(n * sizeof(uint32));
	for (int side = 0; side < 2; side++)
	{
		uint32		from = side == 0 ? 1 : middle,
					to = side == 0 ? middle : n,
					nkept = 1 + to - from;
		double	   *found = palloc0(nkept * sizeof(double));
		Matrix		whole,
					kept;

		for (uint32 row = 0; row < n; row++)
			rows[row] = row;
		whole = keep_rows(matrix, rows, n);
		for (uint32 row = 1; row < n; row++)
			if ((row < from || row >= to) && whole.alive[row])
				eliminate(&whole, row);
		for (uint32 row = 1; row < nkept; row++)
			rows[row] = from + row - 1;
		kept = keep_rows(&whole, rows, nkept);
		free_matrix(&whole);
		find_effects(&kept, found);
		memcpy(effects + from, found + 1, (nkept - 1) * sizeof(double));
		free_matrix(&kept);
		pfree(found);
	}
	pfree(rows);
}

/*
 * Into effects, for each state: by how much, as a share of itself, the probability that a
 * walk from state 0 is won would fall if every walk that reaches the state were lost.  0
 * for those that are not open and for state 0, which is open and to which no move leads.
 *
 * That is the share of the won walks that pass through the state, and computed as such:
 * a difference of two probabilities would lose digits.
 */
bool
markov_effects(const MarkovChain *chain, double *effects, PureError *error)
{
	uint32		nopen;
	uint32	   *columns = number_columns(chain, &nopen);
	Matrix		matrix;
	double	   *found;

	Assert(chain->kinds[0] == MARKOV_OPEN);
	if (nopen > MARKOV_MAX_OPEN)
	{
		pure_fail(error, PURE_LIMIT, "there are more than %d open states", MARKOV_MAX_OPEN);
		return pure_hint(error, "Group them into fewer ones first.");
	}
	fill_matrix(&matrix, chain, columns, nopen);
	found = palloc0(nopen * sizeof(double));
	find_effects(&matrix, found);
	for (uint32 i = 0; i < chain->nstates; i++)
		effects[i] = chain->kinds[i] == MARKOV_OPEN ? found[columns[i]] : 0;
	free_matrix(&matrix);
	pfree(found);
	pfree(columns);
	return true;
}
