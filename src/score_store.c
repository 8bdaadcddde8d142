/*-------------------------------------------------------------------------
 *
 * score_store.c
 *		Reading scores from their table and its history, and knowing when to read again.
 *
 * Whoever asks for a score keeps what was read, for as long as a query or a guard lasts, and
 * asks before each use whether it still stands.  It does while nothing has changed, and to
 * the end of the statement that read it even if something has: a statement sees one
 * definition, as it would if it joined the table.  Every change of the table sends an
 * invalidation (score_table.c).
 *
 * Outside of parallel queries, reading takes the latest snapshot, for the reason that rules.c
 * gives.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "report.h"
#include "rules.h"
#include "score_model.h"

/* Grows with whatever may make a score, or what its conditions call, another. */
static uint64 changes = 0;

static void
on_relcache_inval(Datum arg, Oid relid)
{
	changes++;
}

static void
on_syscache_inval(Datum arg, int cacheid, uint32 hash)
{
	changes++;
}

/*
 * Grows with every change that is known here, of a definition or of anything that one of its
 * conditions may depend on.
 */
uint64
score_changes(void)
{
	static bool watching = false;

	if (!watching)
	{
		CacheRegisterRelcacheCallback(on_relcache_inval, (Datum) 0);
		CacheRegisterSyscacheCallback(PROCOID, on_syscache_inval, (Datum) 0);
		CacheRegisterSyscacheCallback(TYPEOID, on_syscache_inval, (Datum) 0);
		CacheRegisterSyscacheCallback(CASTSOURCETARGET, on_syscache_inval, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHOID, on_syscache_inval, (Datum) 0);
		watching = true;
	}
	return changes;
}

/*
 * A change that another session commits between two statements shows in their snapshots, one
 * of this session in the command or, where it was rolled back, in the subtransaction.
 */
static StatementKey
present_statement(void)
{
	Snapshot	snapshot = ActiveSnapshotSet() ? GetActiveSnapshot() : NULL;
	StatementKey key;

	memset(&key, 0, sizeof(key));	/* compared as bytes */
	key.began = GetCurrentStatementStartTimestamp();
	key.subtransaction = GetCurrentSubTransactionId();
	if (snapshot != NULL)
	{
		key.xmin = snapshot->xmin;
		key.xmax = snapshot->xmax;
		key.running = snapshot->xcnt;
		key.command = snapshot->curcid;
	}
	return key;
}

/*
 * Whether what was read may still be used by the present statement.
 */
bool
stored_score_stands(StoredScore *stored)
{
	StatementKey key = present_statement();

	if (memcmp(&key, &stored->statement, sizeof(key)) == 0)
		return true;
	/* A plan that was kept, in a transaction that has all its locks, has not heard the news. */
	AcceptInvalidationMessages();
	if (stored->changes != score_changes())
		return false;
	stored->statement = key;
	return true;
}

static char *
found_text(int column, MemoryContext context)
{
	char	   *text = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column);

	return text == NULL ? NULL : MemoryContextStrdup(context, text);
}

/* The row that the query for owner, search_path, definition and span has found. */
static StoredScore *
take_found(const char *name, MemoryContext context)
{
	StoredScore *stored = MemoryContextAllocZero(context, sizeof(StoredScore));
	HeapTuple	tuple = SPI_tuptable->vals[0];
	TupleDesc	desc = SPI_tuptable->tupdesc;
	bool		isnull;

	stored->name = MemoryContextStrdup(context, name);
	stored->owner = found_text(1, context);
	stored->search_path = found_text(2, context);
	stored->definition = found_text(3, context);
	stored->from = DatumGetTimestampTz(SPI_getbinval(tuple, desc, 4, &isnull));
	stored->until = DatumGetTimestampTz(SPI_getbinval(tuple, desc, 5, &isnull));
	return stored;
}

/*
 * What a query finds, in the current context; NULL where it finds nothing.  What a parallel
 * query reads with its snapshot is for it alone.
 */
static StoredScore *
read_stored(const char *sql, const char *name, const TimestampTz *at, bool with_latest)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			types[] = {TEXTOID, TIMESTAMPTZOID};
	Datum		values[] = {CStringGetTextDatum(name), at == NULL ? (Datum) 0 : TimestampTzGetDatum(*at)};
	bool		latest = with_latest && !IsInParallelMode();
	uint64		known = score_changes();	/* before: what comes while reading counts as unknown */
	StoredScore *stored = NULL;
	RulesVisit	visit;

	rules_enter(&visit);
	PushActiveSnapshot(latest ? GetLatestSnapshot() : GetActiveSnapshot());
	if (SPI_execute_with_args(sql, at == NULL ? 1 : 2, types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the table of scores");
	if (SPI_processed > 0)
		stored = take_found(name, context);
	PopActiveSnapshot();
	rules_leave(&visit);
	if (stored == NULL)
		return NULL;
	stored->then = at != NULL;
	stored->changes = latest ? known : PG_UINT64_MAX;
	stored->statement = present_statement();
	return stored;
}

#define TODAY \
	"SELECT owner, search_path, definition, '-infinity'::pg_catalog.timestamptz, 'infinity'::pg_catalog.timestamptz" \
	" FROM lifecycle.score_model WHERE name OPERATOR(pg_catalog.=) $1"

/*
 * The last change until then; or else the first one after, which found what was there.
 */
#define THEN \
	"SELECT h.owner, h.search_path, CASE WHEN h.at OPERATOR(pg_catalog.<=) $2 THEN h.after ELSE h.before END," \
	" coalesce((SELECT pg_catalog.max(p.at) FROM lifecycle.score_history p WHERE p.score OPERATOR(pg_catalog.=) $1" \
	" AND p.at OPERATOR(pg_catalog.<=) $2), '-infinity')," \
	" coalesce((SELECT pg_catalog.min(n.at) FROM lifecycle.score_history n WHERE n.score OPERATOR(pg_catalog.=) $1" \
	" AND n.at OPERATOR(pg_catalog.>) $2), 'infinity')" \
	" FROM lifecycle.score_history h WHERE h.score OPERATOR(pg_catalog.=) $1" \
	" ORDER BY h.at OPERATOR(pg_catalog.<=) $2 DESC," \
	" CASE WHEN h.at OPERATOR(pg_catalog.<=) $2 THEN OPERATOR(pg_catalog.-) h.number ELSE h.number END LIMIT 1"

void
score_missing(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("score \"%s\" does not exist", name),
			 errhint("Define it with lifecycle.create_score(). A dump without data carries no scores: "
					 "where they exist, lifecycle.dump_score() prints the call.")));
}

static StoredScore *
with_model(StoredScore *stored, const char *name)
{
	PureError	error;

	if (stored == NULL)
		score_missing(name);
	if (stored->definition == NULL)
		return stored;
	stored->model = score_parse(stored->definition, &error);
	if (stored->model == NULL)
		report_pure_error(&error);
	return stored;
}

/*
 * A score as it is today, without its model; NULL where there is none.
 */
StoredScore *
stored_score_find(const char *name)
{
	return read_stored(TODAY, name, NULL, true);
}

/*
 * A score as it is today, in the current context; an error where it does not exist.
 */
StoredScore *
stored_score_get(const char *name)
{
	return with_model(stored_score_find(name), name);
}

/*
 * The same as the statement's own snapshot sees it, and so all the workers of a query.
 */
StoredScore *
stored_score_of_snapshot(const char *name)
{
	return with_model(read_stored(TODAY, name, NULL, false), name);
}

/*
 * A score as it was then: definition and model are NULL where there was none.  One without a
 * history was always as it is today.
 */
StoredScore *
stored_score_then(const char *name, TimestampTz at)
{
	StoredScore *stored = read_stored(THEN, name, &at, true);

	if (stored == NULL)
		stored = stored_score_find(name);
	stored = with_model(stored, name);
	stored->then = true;
	return stored;
}

/*
 * What was read, in the current context.
 */
StoredScore *
stored_score_copy(const StoredScore *stored)
{
	StoredScore *copy = palloc(sizeof(StoredScore));

	*copy = *stored;
	copy->name = pstrdup(stored->name);
	if (stored->model == NULL)
		return copy;
	copy->owner = pstrdup(stored->owner);
	copy->search_path = pstrdup(stored->search_path);
	copy->definition = pstrdup(stored->definition);
	return with_model(copy, stored->name);
}

/*
 * Whether it is the score as of that instant, or, where that is NULL, as of today.
 */
bool
stored_score_is_of(const StoredScore *stored, const TimestampTz *at)
{
	return at == NULL ? !stored->then : stored->then && *at >= stored->from && *at < stored->until;
}
