/*-------------------------------------------------------------------------
 *
 * census.c
 *		How many journeys are in each stage at given instants; see census.h.
 *
 * Its text is census_text.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/int.h"

#include "census.h"

/* Enough for a pipeline; from there the rooms double. */
#define FIRST_STAGES 8
#define FIRST_LABEL 16

static size_t
stage_size(const Census *census)
{
	return offsetof(CensusStage, change) + census->ninstants * sizeof(int64);
}

static size_t
head_size(const Census *census)
{
	return offsetof(Census, spec) + TYPEALIGN(8, census->spec_len);
}

static uint32 *
index_of(const Census *census)
{
	return (uint32 *) ((char *) census + head_size(census) +
					   census->stages_room * stage_size(census));
}

static char *
labels_of(const Census *census)
{
	return (char *) (index_of(census) + census->nslots);
}

size_t
census_size(const Census *census)
{
	return head_size(census) + census->stages_room * stage_size(census) +
		census->nslots * sizeof(uint32) + census->labels_room;
}

CensusStage *
census_stage(const Census *census, uint32 number)
{
	return (CensusStage *) ((char *) census + head_size(census) + number * stage_size(census));
}

JourneyLabel
census_label(const Census *census, const CensusStage *stage)
{
	const char *entry = labels_of(census) + stage->label;
	JourneyLabel label = {entry + 1, (unsigned char) *entry};

	return label;
}

/*
 * The summary of no journeys, in the current memory context.
 */
Census *
census_begin(const char *spec, size_t len, int ninstants)
{
	Census	   *census = palloc0(offsetof(Census, spec) + TYPEALIGN(8, len));

	census->version = CENSUS_VERSION;
	census->spec_len = len;
	census->ninstants = ninstants;
	memcpy(census->spec, spec, len);
	return census;
}

/* Codes are given out in sequence: a stage's own number is a good hash. */
static uint32
find_slot(const Census *census, uint32 code)
{
	const uint32 *index = index_of(census);
	uint32		mask = census->nslots - 1;
	uint32		slot = code & mask;

	while (index[slot] != 0 && census_stage(census, index[slot] - 1)->code != code)
		slot = (slot + 1) & mask;
	return slot;
}

/* The index is twice as large as what it finds, so a probe always ends. */
static void
build_index(Census *census)
{
	memset(index_of(census), 0, census->nslots * sizeof(uint32));
	for (uint32 i = 0; i < census->nstages; i++)
		index_of(census)[find_slot(census, census_stage(census, i)->code)] = i + 1;
}

/* An empty copy with other rooms, zeroed, in the current memory context. */
static Census *
allocate_like(const Census *census, uint32 stages_room, uint32 nslots, uint32 labels_room)
{
	Census		head = *census;
	Census	   *copy;

	head.stages_room = stages_room;
	head.nslots = nslots;
	head.labels_room = labels_room;
	head.nstages = 0;
	head.labels_len = 0;
	copy = palloc0(census_size(&head));
	memcpy(copy, &head, offsetof(Census, spec));
	memcpy(copy->spec, census->spec, census->spec_len);
	return copy;
}

/* Copies a stage behind the last one, of a census of the same instants, with its label. */
static void
copy_stage(Census *census, const Census *other, uint32 number)
{
	const CensusStage *old = census_stage(other, number);
	CensusStage *stage = census_stage(census, census->nstages++);
	JourneyLabel label = census_label(other, old);

	memcpy(stage, old, stage_size(census));
	stage->label = census->labels_len;
	memcpy(labels_of(census) + census->labels_len, label.text - 1, label.len + 1);
	census->labels_len += label.len + 1;
}

/* Moves to larger bytes, with an index, room for so many stages and for one label more. */
static bool
grow(Census **census, uint32 nstages, uint32 label_len, PureError *error)
{
	uint32		most = Min(CENSUS_MAX_STAGES, CENSUS_MAX_CELLS / (*census)->ninstants);
	uint32		stages_room = (*census)->stages_room;
	uint32		labels_room = (*census)->labels_room;
	uint32		nslots = 16;
	Census	   *larger;

	if (nstages > most)
	{
		pure_fail(error, PURE_LIMIT, "a census cannot have more than %u stages at %u instants",
				  most, (*census)->ninstants);
		return pure_hint(error, "Take longer steps, or group the stages into fewer ones first.");
	}
	if (nstages > stages_room)
		stages_room = Min(most, Max(FIRST_STAGES, 2 * stages_room));
	if ((*census)->labels_len + 1 + label_len > labels_room)
		labels_room = Max(FIRST_STAGES * FIRST_LABEL, 2 * labels_room) + 1 + label_len;
	while (nslots < 2 * stages_room)
		nslots *= 2;
	larger = allocate_like(*census, stages_room, nslots, labels_room);
	for (uint32 i = 0; i < (*census)->nstages; i++)
		copy_stage(larger, *census, i);
	build_index(larger);
	*census = larger;
	return true;
}

/* Takes over the codes of another label book. */
static bool
adopt(Census **census, LabelBook *book, PureError *error)
{
	if ((*census)->stamp == book->stamp)
		return true;
	if ((*census)->nslots == 0 && !grow(census, (*census)->nstages, 0, error))
		return false;
	for (uint32 i = 0; i < (*census)->nstages; i++)
	{
		CensusStage *stage = census_stage(*census, i);
		JourneyLabel label = census_label(*census, stage);

		stage->code = label_book_code(book, label.text, label.len);
	}
	(*census)->stamp = book->stamp;
	build_index(*census);
	return true;
}

/* The stage with this code; it is added where there is none yet. */
static bool
get_stage(Census **census, const LabelBook *book, uint32 code, CensusStage **stage,
		  PureError *error)
{
	uint32		number = index_of(*census)[find_slot(*census, code)];
	JourneyLabel label;

	if (number != 0)
	{
		*stage = census_stage(*census, number - 1);
		return true;
	}
	label = label_book_label(book, code);
	if (((*census)->nstages == (*census)->stages_room ||
		 (*census)->labels_len + 1 + label.len > (*census)->labels_room) &&
		!grow(census, (*census)->nstages + 1, label.len, error))
		return false;
	*stage = census_stage(*census, (*census)->nstages);
	(*stage)->code = code;
	(*stage)->label = (*census)->labels_len;
	labels_of(*census)[(*census)->labels_len] = (char) label.len;
	memcpy(labels_of(*census) + (*census)->labels_len + 1, label.text, label.len);
	(*census)->labels_len += 1 + label.len;
	(*census)->nstages++;
	index_of(*census)[find_slot(*census, code)] = (*census)->nstages;
	return true;
}

/* One journey more in this stage at the instants from first, not including last. */
static bool
count_stay(Census **census, const LabelBook *book, uint32 code, int first, int last,
		   PureError *error)
{
	CensusStage *stage;

	if (!get_stage(census, book, code, &stage, error))
		return false;
	stage->change[first]++;
	if (last < (*census)->ninstants)
		stage->change[last]--;
	return true;
}

/*
 * Adds a journey, whose presence ends with an instant or DT_NOEND; codes are those of
 * the book, by label.
 */
bool
census_add(Census **census, LabelBook *book, const Grid *instants, const JourneyView *view,
		   const int32 *codes, TimestampTz until, PureError *error)
{
	int			end = grid_before(instants, until);
	int			next = grid_before(instants, view->first);
	uint64		word = journey_word(view, 0);

	if (!adopt(census, book, error))
		return false;
	for (uint32 step = 0; next < end; step++)
	{
		int			first = next;
		uint32		index = journey_word_index(word);

		CHECK_FOR_INTERRUPTS();
		next = end;
		if (step + 1 < view->nsteps)
		{
			word = journey_word(view, step + 1);
			next = Min(end, grid_before(instants, view->first + journey_word_time(word)));
		}
		if (first < next && !count_stay(census, book, codes[index], first, next, error))
			return false;
		if (step + 1 == view->nsteps)
			break;
	}
	return true;
}

/* Adds the counts of one stage to another's; false if 63 bits do not hold them. */
static bool
add_changes(CensusStage *stage, const CensusStage *other, uint32 ninstants)
{
	int64		count = 0,
				added = 0,
				sum;

	for (uint32 i = 0; i < ninstants; i++)
	{
		count += stage->change[i];
		added += other->change[i];
		if (pg_add_s64_overflow(count, added, &sum))
			return false;
	}
	for (uint32 i = 0; i < ninstants; i++)
		stage->change[i] += other->change[i];
	return true;
}

/*
 * Adds another census, which is left alone.
 */
bool
census_merge(Census **census, LabelBook *book, const Census *other, PureError *error)
{
	if (!census_has_spec(*census, other->spec, other->spec_len) ||
		(*census)->ninstants != other->ninstants)
	{
		pure_fail(error, PURE_VALUE, "cannot merge different censuses");
		return pure_detail(error, "One is \"%.*s\", the other \"%.*s\".",
						   (int) (*census)->spec_len, (*census)->spec,
						   (int) other->spec_len, other->spec);
	}
	if (!adopt(census, book, error))
		return false;
	for (uint32 i = 0; i < other->nstages; i++)
	{
		const CensusStage *added = census_stage(other, i);
		JourneyLabel label = census_label(other, added);
		CensusStage *stage;

		CHECK_FOR_INTERRUPTS();
		if (!get_stage(census, book, label_book_code(book, label.text, label.len), &stage, error))
			return false;
		if (!add_changes(stage, added, other->ninstants))
			return pure_fail(error, PURE_LIMIT, "a census cannot count more than 2^63 journeys");
	}
	return true;
}

/*
 * Adds a stage that came from outside.
 */
bool
census_put(Census **census, LabelBook *book, JourneyLabel label, const int64 *counts,
		   PureError *error)
{
	CensusStage *stage;
	uint32		before;
	int64		last = 0;

	if (!journey_check_label(label.text, label.len, error) || !adopt(census, book, error))
		return false;
	before = (*census)->nstages;
	if (!get_stage(census, book, label_book_code(book, label.text, label.len), &stage, error))
		return false;
	if ((*census)->nstages == before)
		return pure_fail(error, PURE_VALUE, "a stage of a census is given twice: \"%s\"",
						 pure_sample(label.text, label.len));
	for (uint32 i = 0; i < (*census)->ninstants; i++)
	{
		if (counts[i] < 0)
			return pure_fail(error, PURE_VALUE, "a census cannot count less than nobody");
		stage->change[i] = counts[i] - last;
		last = counts[i];
	}
	return true;
}

static bool
is_empty(const CensusStage *stage, uint32 ninstants)
{
	for (uint32 i = 0; i < ninstants; i++)
		if (stage->change[i] != 0)
			return false;
	return true;
}

typedef struct Sorted
{
	JourneyLabel label;
	uint32		number;
} Sorted;

static int
compare_sorted(const void *a, const void *b)
{
	return journey_label_compare(&((const Sorted *) a)->label, &((const Sorted *) b)->label);
}

/*
 * The canonical form, in the current memory context.
 */
Census *
census_trim(const Census *census)
{
	Sorted	   *stages = palloc(Max(census->nstages, 1) * sizeof(Sorted));
	Census	   *trimmed;
	uint32		nstages = 0;
	uint32		labels_len = 0;

	for (uint32 i = 0; i < census->nstages; i++)
	{
		const CensusStage *stage = census_stage(census, i);

		CHECK_FOR_INTERRUPTS();
		if (is_empty(stage, census->ninstants))
			continue;
		stages[nstages].label = census_label(census, stage);
		stages[nstages].number = i;
		labels_len += 1 + stages[nstages++].label.len;
	}
	qsort(stages, nstages, sizeof(Sorted), compare_sorted);
	trimmed = allocate_like(census, nstages, 0, labels_len);
	trimmed->stamp = 0;
	for (uint32 i = 0; i < nstages; i++)
	{
		copy_stage(trimmed, census, stages[i].number);
		census_stage(trimmed, i)->code = 0;
	}
	return trimmed;
}
