/*-------------------------------------------------------------------------
 *
 * label_map.c
 *		Comparing labels once per dictionary, not once per row.
 *
 * A table of 2,048 dictionaries, each in one of the two slots that its hash names.  The
 * journeys of bench/generate.sql have some thousand dictionaries: of 200,000 journeys
 * 866 had a new one, and of the others 424 missed it; with one slot each and half the
 * table it was 5,715.  Only small dictionaries are kept, so that a map stays below
 * 4 MB; a larger one belongs to a journey long enough to pay for its own comparisons,
 * and takes the spare slot.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "label_map.h"

#define SLOTS 2048				/* a power of two; pairs of an even and an odd one */
#define KEPT_DICTIONARY 512		/* bytes */

typedef struct Slot
{
	char	   *key;			/* a dictionary's bytes */
	uint32		key_len;		/* 0: none yet */
	uint32		key_room;
	int32	   *codes;			/* one a label, and the judge's */
	uint32		codes_room;
} Slot;

struct LabelMap
{
	LabelCoder	coder;
	DictionaryJudge judge;		/* NULL: none */
	void	   *arg;
#ifndef FRONTEND
	MemoryContext context;
#endif
	Slot		slots[SLOTS];
	Slot		spare;
};

/*
 * Makes a map in the current memory context, where it also keeps what it remembers.
 */
LabelMap *
label_map_create(LabelCoder coder, DictionaryJudge judge, void *arg)
{
	LabelMap   *map = palloc0(sizeof(LabelMap));

	map->coder = coder;
	map->judge = judge;
	map->arg = arg;
#ifndef FRONTEND
	map->context = CurrentMemoryContext;
#endif
	return map;
}

static void *
map_alloc(LabelMap *map, size_t size)
{
#ifdef FRONTEND
	return palloc(size);
#else
	return MemoryContextAlloc(map->context, size);
#endif
}

static inline uint64
word_at(const char *p)
{
	uint64		word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/*
 * A sum of products with odd factors that differ from word to word, of which the upper
 * bits are good.  No product waits for another one: this runs for every journey.  The
 * last word may overlap the one before it.
 */
static inline uint32
hash_key(const char *key, uint32 len)
{
	const uint64 golden = UINT64CONST(0x9E3779B97F4A7C15);
	uint64		factor = golden;
	uint64		hash = len;
	uint64		word = 0;

	if (len < sizeof(word))
		memcpy(&word, key, len);
	else
	{
		for (uint32 at = 0; at < len - sizeof(word); at += sizeof(word))
		{
			hash += word_at(key + at) * factor;
			factor += 2 * golden;
		}
		word = word_at(key + len - sizeof(word));
	}
	hash += word * factor;
	return (hash ^ hash >> 29) * golden >> 32;
}

/* The same walk as the hash's, which the processor then foretells. */
static inline bool
same_key(const char *a, const char *b, uint32 len)
{
	uint32		at = 0;

	if (len < sizeof(uint64))
		return memcmp(a, b, len) == 0;
	for (; at < len - sizeof(uint64); at += sizeof(uint64))
		if (word_at(a + at) != word_at(b + at))
			return false;
	return word_at(a + len - sizeof(uint64)) == word_at(b + len - sizeof(uint64));
}

/* Room only ever grows, so a slot's memory is bounded by the largest it held. */
static void *
make_room(LabelMap *map, void *old, uint32 *room, uint32 needed, size_t item)
{
	void	   *new;

	if (*room >= needed)
		return old;
	new = map_alloc(map, needed * item);
	if (old != NULL)
		pfree(old);
	*room = needed;
	return new;
}

static void
fill_slot(LabelMap *map, Slot *slot, const JourneyView *view)
{
	slot->key_len = 0;
	slot->key = make_room(map, slot->key, &slot->key_room, view->labels_len, 1);
	slot->codes = make_room(map, slot->codes, &slot->codes_room, view->nlabels + 1,
							sizeof(int32));
	memcpy(slot->key, view->labels, view->labels_len);
	for (uint32 i = 0, at = 0; i < view->nlabels; i++)
	{
		uint32		len = (unsigned char) slot->key[at];

		slot->codes[i] = map->coder(map->arg, slot->key + at + 1, len);
		at += 1 + len;
	}
	if (map->judge != NULL)
		slot->codes[view->nlabels] = map->judge(map->arg, slot->codes, view->nlabels);
	slot->key_len = view->labels_len;
}

static inline bool
holds(const Slot *slot, const JourneyView *view)
{
	return slot->key_len == view->labels_len &&
		same_key(slot->key, view->labels, view->labels_len);
}

/* What was wanted last goes first; where neither slot has it, what was wanted earlier is lost. */
static void
swap_or_fill(LabelMap *map, Slot *pair, const JourneyView *view)
{
	bool		found = holds(&pair[1], view);
	Slot		second = pair[1];

	pair[1] = pair[0];
	pair[0] = second;
	if (!found)
		fill_slot(map, &pair[0], view);
}

/*
 * The codes of a journey's labels, by their indexes, and behind them what the judge said;
 * good until the next call.
 */
const int32 *
label_map_codes(LabelMap *map, const JourneyView *view)
{
	Slot	   *pair;

	if (view->labels_len > KEPT_DICTIONARY)
	{
		if (!holds(&map->spare, view))
			fill_slot(map, &map->spare, view);
		return map->spare.codes;
	}
	pair = &map->slots[hash_key(view->labels, view->labels_len) % (SLOTS / 2) * 2];
	if (!holds(&pair[0], view))
		swap_or_fill(map, pair, view);
	return pair[0].codes;
}
