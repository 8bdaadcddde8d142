/*-------------------------------------------------------------------------
 *
 * attribution.c
 *		Collecting paths, putting them in order, and their bytes; see attribution.h.
 *
 * A table grows by repalloc, so it stays in the memory context in which it was made; new
 * paths and the sums of values are made in the current one, which must be the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "attribution.h"
#include "spec_face.h"
#include "sums.h"

#define FIRST_ROOM 16
#define HEAD_SIZE (4 + 2 * sizeof(uint32))
#define PATH_SIZE (2 * sizeof(int64) + 2 * sizeof(uint32))

pg_noreturn static void
refuse_size(const char *what, int64 most)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("an attribution cannot have more than " INT64_FORMAT " %s", most, what),
			 errhint("Group channels into fewer ones, or attribute in parts.")));
}

AttributionTable *
attribution_begin(void)
{
	AttributionTable *table = palloc0(sizeof(AttributionTable));

	table->channels = label_book_create(0);
	table->room = FIRST_ROOM;
	table->paths = palloc(table->room * sizeof(AttributionPath));
	table->nslots = 2 * table->room;
	table->slots = palloc0(table->nslots * sizeof(uint32));
	return table;
}

/*
 * The number of a channel.
 */
uint16
attribution_channel(AttributionTable *table, const char *label, size_t len)
{
	int32		code;

	if (len > JOURNEY_MAX_LABEL_LEN)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a channel of %zu bytes is too long: \"%s\"", len, pure_sample(label, len)),
				 errhint("It has at most %d bytes.", JOURNEY_MAX_LABEL_LEN)));
	code = label_book_code(table->channels, label, len);
	if (code >= ATTRIBUTION_MAX_CHANNELS)
		refuse_size("channels", ATTRIBUTION_MAX_CHANNELS);
	return code;
}

/* Where the path is, or the empty slot where it belongs. */
static uint32
find_slot(const AttributionTable *table, const AttributionPath *path, uint32 hash)
{
	uint32		slot = hash & (table->nslots - 1);

	for (; table->slots[slot] != 0; slot = (slot + 1) & (table->nslots - 1))
	{
		const AttributionPath *known = &table->paths[table->slots[slot] - 1];

		if (known->hash == hash && known->ntouches == path->ntouches &&
			memcmp(known->touches, path->touches, path->ntouches * sizeof(uint16)) == 0)
			break;
	}
	return slot;
}

static void
double_room(AttributionTable *table)
{
	table->room *= 2;
	table->paths = repalloc(table->paths, table->room * sizeof(AttributionPath));
	table->nslots *= 2;
	table->slots = repalloc(table->slots, table->nslots * sizeof(uint32));
	memset(table->slots, 0, table->nslots * sizeof(uint32));
	for (uint32 i = 0; i < table->npaths; i++)
		table->slots[find_slot(table, &table->paths[i], table->paths[i].hash)] = i + 1;
}

/* The path of a table that has the same touches. */
static AttributionPath *
get_path(AttributionTable *table, const AttributionPath *path)
{
	uint32		size = path->ntouches * sizeof(uint16);
	uint32		hash = hash_bytes((const unsigned char *) path->touches, size);
	uint32		slot = find_slot(table, path, hash);
	AttributionPath *added;

	if (table->slots[slot] != 0)
		return &table->paths[table->slots[slot] - 1];
	if (table->npaths == ATTRIBUTION_MAX_PATHS)
		refuse_size("different paths", ATTRIBUTION_MAX_PATHS);
	if (path->ntouches > ATTRIBUTION_MAX_TOUCHES)
		refuse_size("touches in a path", ATTRIBUTION_MAX_TOUCHES);
	if (path->ntouches > ATTRIBUTION_MAX_ALL_TOUCHES - table->ntouches)
		refuse_size("touches in its different paths", ATTRIBUTION_MAX_ALL_TOUCHES);
	if (table->npaths == table->room)
	{
		double_room(table);
		slot = find_slot(table, path, hash);
	}
	added = &table->paths[table->npaths];
	memset(added, 0, sizeof(*added));
	added->touches = palloc(size);
	memcpy(added->touches, path->touches, size);
	added->ntouches = path->ntouches;
	added->hash = hash;
	added->value = NumericGetDatum(int64_to_numeric(0));
	table->ntouches += path->ntouches;
	table->slots[slot] = ++table->npaths;
	return added;
}

static void
add_deals(int64 *deals, int64 more)
{
	if (__builtin_add_overflow(*deals, more, deals))
		refuse_size("deals of one path", PG_INT64_MAX);
}

/*
 * Adds deals that took a path, whose touches are the table's channels.
 */
void
attribution_put(AttributionTable *table, const AttributionPath *path)
{
	AttributionPath *known = get_path(table, path);
	Datum		sum;

	add_deals(&known->won, path->won);
	add_deals(&known->lost, path->lost);
	if (path->won == 0)
		return;
	sum = amount_add(known->value, path->value);
	pfree(DatumGetPointer(known->value));
	known->value = sum;
}

/*
 * Adds what another one has.
 */
void
attribution_put_all(AttributionTable *table, const Attribution *paths)
{
	uint16	   *codes = palloc(Max(paths->nchannels, 1) * sizeof(uint16));
	uint16	   *touches = palloc(ATTRIBUTION_MAX_TOUCHES * sizeof(uint16));

	for (uint32 i = 0; i < paths->nchannels; i++)
		codes[i] = attribution_channel(table, paths->channels[i].text, paths->channels[i].len);
	for (uint32 i = 0; i < paths->npaths; i++)
	{
		AttributionPath path = paths->paths[i];

		CHECK_FOR_INTERRUPTS();
		for (uint32 j = 0; j < path.ntouches; j++)
			touches[j] = codes[path.touches[j]];
		path.touches = touches;
		attribution_put(table, &path);
	}
	pfree(codes);
	pfree(touches);
}

typedef struct Channel
{
	JourneyLabel label;
	uint32		code;
} Channel;

static int
compare_channels(const void *a, const void *b)
{
	return journey_label_compare(&((const Channel *) a)->label, &((const Channel *) b)->label);
}

/* Puts the channels that some path has in order; returns the place of each. */
static uint16 *
sort_channels(const AttributionTable *table, Attribution *paths)
{
	uint32		nlabels = table->channels->nlabels;
	Channel    *sorted = palloc(Max(nlabels, 1) * sizeof(Channel));
	uint16	   *places = palloc0(Max(nlabels, 1) * sizeof(uint16));

	/* A place is 1 as long as it says no more than that the channel is in use. */
	for (uint32 i = 0; i < table->npaths; i++)
		for (uint32 j = 0; j < table->paths[i].ntouches; j++)
			places[table->paths[i].touches[j]] = 1;
	for (uint32 code = 0; code < nlabels; code++)
		if (places[code])
		{
			sorted[paths->nchannels].label = label_book_label(table->channels, code);
			sorted[paths->nchannels++].code = code;
		}
	qsort(sorted, paths->nchannels, sizeof(Channel), compare_channels);
	paths->channels = palloc(Max(paths->nchannels, 1) * sizeof(JourneyLabel));
	for (uint32 i = 0; i < paths->nchannels; i++)
	{
		paths->channels[i] = sorted[i].label;
		places[sorted[i].code] = i;
	}
	pfree(sorted);
	return places;
}

static int
compare_paths(const void *a, const void *b)
{
	const AttributionPath *left = a;
	const AttributionPath *right = b;

	for (uint32 i = 0; i < left->ntouches && i < right->ntouches; i++)
		if (left->touches[i] != right->touches[i])
			return left->touches[i] < right->touches[i] ? -1 : 1;
	return (left->ntouches > right->ntouches) - (left->ntouches < right->ntouches);
}

/*
 * What a table holds, in order; labels and values point into it.
 */
Attribution *
attribution_end(const AttributionTable *table)
{
	Attribution *paths = palloc0(sizeof(Attribution));
	uint16	   *places = sort_channels(table, paths);
	uint16	   *touches = palloc(Max(table->ntouches, 1) * sizeof(uint16));

	paths->npaths = table->npaths;
	paths->paths = palloc(Max(table->npaths, 1) * sizeof(AttributionPath));
	for (uint32 i = 0; i < table->npaths; i++)
	{
		AttributionPath *path = &paths->paths[i];

		CHECK_FOR_INTERRUPTS();
		*path = table->paths[i];
		path->touches = touches;
		touches += path->ntouches;
		for (uint32 j = 0; j < path->ntouches; j++)
			path->touches[j] = places[table->paths[i].touches[j]];
	}
	pfree(places);
	qsort(paths->paths, paths->npaths, sizeof(AttributionPath), compare_paths);
	return paths;
}

static size_t
value_size(const AttributionPath *path)
{
	return VARSIZE(DatumGetPointer(path->value)) - VARHDRSZ;
}

static char *
put_bytes(char *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	return to + len;
}

static char *
write_path(char *to, const AttributionPath *path)
{
	uint32		len = value_size(path);

	to = put_bytes(to, &path->won, sizeof(path->won));
	to = put_bytes(to, &path->lost, sizeof(path->lost));
	to = put_bytes(to, &path->ntouches, sizeof(path->ntouches));
	to = put_bytes(to, &len, sizeof(len));
	to = put_bytes(to, path->touches, path->ntouches * sizeof(uint16));
	return put_bytes(to, VARDATA(DatumGetPointer(path->value)), len);
}

/*
 * The value: the same deals give the same bytes, however they were collected.
 */
Datum
attribution_write(const Attribution *paths)
{
	Size		size = VARHDRSZ + HEAD_SIZE;
	char	   *value,
			   *to;

	for (uint32 i = 0; i < paths->nchannels; i++)
		size += 1 + paths->channels[i].len;
	for (uint32 i = 0; i < paths->npaths; i++)
		size += PATH_SIZE + paths->paths[i].ntouches * sizeof(uint16) + value_size(&paths->paths[i]);
	if (!AllocSizeIsValid(size))
		refuse_size("bytes", MaxAllocSize);
	value = palloc0(size);
	SET_VARSIZE(value, size);
	to = VARDATA(value);
	*to = ATTRIBUTION_VERSION;
	to = put_bytes(to + 4, &paths->nchannels, sizeof(paths->nchannels));
	to = put_bytes(to, &paths->npaths, sizeof(paths->npaths));
	for (uint32 i = 0; i < paths->nchannels; i++)
	{
		*to++ = (char) paths->channels[i].len;
		to = put_bytes(to, paths->channels[i].text, paths->channels[i].len);
	}
	for (uint32 i = 0; i < paths->npaths; i++)
		to = write_path(to, &paths->paths[i]);
	return PointerGetDatum(value);
}

static const char *
get_bytes(const char *from, void *to, size_t len)
{
	memcpy(to, from, len);
	return from + len;
}

static const char *
read_path(const char *from, AttributionPath *path)
{
	uint32		len;
	char	   *value;

	from = get_bytes(from, &path->won, sizeof(path->won));
	from = get_bytes(from, &path->lost, sizeof(path->lost));
	from = get_bytes(from, &path->ntouches, sizeof(path->ntouches));
	from = get_bytes(from, &len, sizeof(len));
	path->touches = palloc(path->ntouches * sizeof(uint16));
	from = get_bytes(from, path->touches, path->ntouches * sizeof(uint16));
	value = palloc(VARHDRSZ + len);
	SET_VARSIZE(value, VARHDRSZ + len);
	path->value = PointerGetDatum(value);
	path->hash = 0;
	return get_bytes(from, VARDATA(value), len);
}

/*
 * Opens a value; labels point into it.  Its bytes were written by this code, so they are
 * not checked again.
 */
Attribution *
attribution_open(Datum value)
{
	Attribution *paths = palloc0(sizeof(Attribution));
	const struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);
	const char *from = VARDATA_ANY(bytes);

	require_version("attribution", *from, ATTRIBUTION_VERSION);
	from = get_bytes(from + 4, &paths->nchannels, sizeof(paths->nchannels));
	from = get_bytes(from, &paths->npaths, sizeof(paths->npaths));
	paths->channels = palloc(Max(paths->nchannels, 1) * sizeof(JourneyLabel));
	for (uint32 i = 0; i < paths->nchannels; i++)
	{
		paths->channels[i].len = (unsigned char) *from++;
		paths->channels[i].text = from;
		from += paths->channels[i].len;
	}
	paths->paths = palloc(Max(paths->npaths, 1) * sizeof(AttributionPath));
	for (uint32 i = 0; i < paths->npaths; i++)
	{
		CHECK_FOR_INTERRUPTS();
		from = read_path(from, &paths->paths[i]);
	}
	return paths;
}
