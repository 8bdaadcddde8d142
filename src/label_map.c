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
	char	   *key;			/* a dictionary's bytes; behind them its codes, and the judge's */
	uint32		key_len;		/* 0: none yet */
	uint32		room;
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

#define GOLDEN UINT64CONST(0x9E3779B97F4A7C15)

/*
 * Dictionaries are read in blocks of eight words, however long they are: where a
 * dictionary ends, its last word stands for those behind it, and may overlap the one
 * before.  A loop over its words would end where no processor foretells, and this runs
 * for every journey.
 */
#define BLOCK (8 * sizeof(uint64))

static inline uint64
word_within(const char *key, uint32 last, uint32 at)
{
	return word_at(key + Min(at, last));
}

/* Products with odd factors, of which none waits for another one. */
static inline uint64
hash_half(const char *key, uint32 last, uint32 at)
{
	return word_within(key, last, at) * GOLDEN +
		word_within(key, last, at + 8) * (3 * GOLDEN) +
		word_within(key, last, at + 16) * (5 * GOLDEN) +
		word_within(key, last, at + 24) * (7 * GOLDEN);
}

static inline uint64
mix(uint64 hash)
{
	return (hash ^ hash >> 29) * GOLDEN;
}

/* The upper bits of the result are good. */
static inline uint64
hash_key(const char *key, uint32 len)
{
	uint64		hash = len;
	uint64		word = 0;

	if (len < sizeof(word))
	{
		memcpy(&word, key, len);
		return mix(hash + word * GOLDEN);
	}
	for (uint32 at = 0; at < len; at += BLOCK)
		hash = mix(hash + hash_half(key, len - sizeof(word), at) +
				   11 * hash_half(key, len - sizeof(word), at + BLOCK / 2));
	return hash;
}

static inline uint64
differ_half(const char *a, const char *b, uint32 last, uint32 at)
{
	return (word_within(a, last, at) ^ word_within(b, last, at)) |
		(word_within(a, last, at + 8) ^ word_within(b, last, at + 8)) |
		(word_within(a, last, at + 16) ^ word_within(b, last, at + 16)) |
		(word_within(a, last, at + 24) ^ word_within(b, last, at + 24));
}

/* Whether two dictionaries of one length are the same. */
static inline bool
same_key(const char *a, const char *b, uint32 len)
{
	uint64		difference = 0;
	uint32		last = len - sizeof(uint64);

	if (len < sizeof(uint64))
		return memcmp(a, b, len) == 0;
	for (uint32 at = 0; at < len; at += BLOCK)
		difference |= differ_half(a, b, last, at) | differ_half(a, b, last, at + BLOCK / 2);
	return difference == 0;
}

static inline int32 *
slot_codes(const Slot *slot)
{
	return (int32 *) (slot->key + INTALIGN(slot->key_len));
}

/* Room only ever grows, so a slot's memory is bounded by the largest it held. */
static void
make_room(LabelMap *map, Slot *slot, uint32 needed)
{
	char	   *key;

	if (slot->room >= needed)
		return;
	key = map_alloc(map, needed);
	if (slot->key != NULL)
		pfree(slot->key);
	slot->key = key;
	slot->room = needed;
}

static void
fill_slot(LabelMap *map, Slot *slot, const JourneyView *view)
{
	int32	   *codes;

	slot->key_len = 0;
	make_room(map, slot, INTALIGN(view->labels_len) + (view->nlabels + 1) * sizeof(int32));
	memcpy(slot->key, view->labels, view->labels_len);
	codes = (int32 *) (slot->key + INTALIGN(view->labels_len));
	for (uint32 i = 0, at = 0; i < view->nlabels; i++)
	{
		uint32		len = (unsigned char) slot->key[at];

		codes[i] = map->coder(map->arg, slot->key + at + 1, len);
		at += 1 + len;
	}
	if (map->judge != NULL)
		codes[view->nlabels] = map->judge(map->arg, codes, view->nlabels);
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
		return slot_codes(&map->spare);
	}
	pair = &map->slots[(hash_key(view->labels, view->labels_len) >> 32) % (SLOTS / 2) * 2];
	if (!holds(&pair[0], view))
		swap_or_fill(map, pair, view);
	return slot_codes(&pair[0]);
}
