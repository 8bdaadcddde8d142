/*-------------------------------------------------------------------------
 *
 * naive_bayes.h
 *		What is known of closed deals: how many were won and lost, and how many of those
 *		had which features.
 *
 * A feature is a field and a value, "country" and "be"; a field may have several values
 * in one deal, as tags have.  A deal counts once for each value it has, and once for each
 * field it has any value of.  Only integers are kept, so models add and subtract exactly;
 * what is made of them is naive_bayes_score.c's.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_NAIVE_BAYES_H
#define CRM_NAIVE_BAYES_H

#include "journey.h"

#define NAIVE_BAYES_VERSION 1
/* The length of a name is a byte. */
#define NAIVE_BAYES_MAX_NAME 255
/* Fields and cells together: at 255 bytes of text and 48 of counts half of what palloc gives. */
#define NAIVE_BAYES_MAX_COUNTS (1 << 20)

/* Of a deal: one value of one field. */
typedef struct NaiveBayesFeature
{
	JourneyLabel field;
	JourneyLabel value;
} NaiveBayesFeature;

/* A deal's features; begins as zeros. */
typedef struct NaiveBayesFeatures
{
	uint32		count;
	uint32		room;
	NaiveBayesFeature *items;
} NaiveBayesFeatures;

/* The value: fields in the order of their names' bytes, the cells of each by value. */
typedef struct NaiveBayes
{
	int32		vl_len_;		/* the varlena header, kept by the server side */
	uint8		version;
	uint8		reserved[3];	/* zero */
	uint32		size;			/* of all of it, header included */
	uint32		nfields;
	uint32		ncells;
	uint32		unused;			/* zero */
	uint64		won;
	uint64		lost;
	/* NaiveBayesField[nfields], NaiveBayesCell[ncells], names: length byte, then bytes */
} NaiveBayes;

typedef struct NaiveBayesField
{
	uint32		name;			/* where it is, from the value's start */
	uint32		first;			/* of its cells */
	uint32		ncells;
	uint32		unused;			/* zero */
	uint64		won;			/* deals that have the field */
	uint64		lost;
	double		won_total;		/* sums over its cells: a deal with two tags counts twice */
	double		lost_total;
} NaiveBayesField;

typedef struct NaiveBayesCell
{
	uint32		name;
	uint32		unused;			/* zero */
	uint64		won;
	uint64		lost;
} NaiveBayesCell;

/* A model under construction: a hash table of counts, which may be negative for a while. */
typedef struct NaiveBayesCount
{
	JourneyLabel field;
	JourneyLabel value;			/* text is NULL: of the field as a whole */
	uint32		hash;
	int64		won;
	int64		lost;
} NaiveBayesCount;

typedef struct NaiveBayesTable
{
	int64		won;
	int64		lost;
	uint32		ncounts;
	uint32		room;
	NaiveBayesCount *counts;
	uint32		nslots;			/* a power of two, twice the room */
	uint32	   *slots;			/* a count's number + 1; 0: none */
} NaiveBayesTable;

static inline const NaiveBayesField *
naive_bayes_fields(const NaiveBayes *model)
{
	return (const NaiveBayesField *) (model + 1);
}

static inline const NaiveBayesCell *
naive_bayes_cells(const NaiveBayes *model)
{
	return (const NaiveBayesCell *) (naive_bayes_fields(model) + model->nfields);
}

static inline JourneyLabel
naive_bayes_name(const NaiveBayes *model, uint32 at)
{
	const char *entry = (const char *) model + at;
	JourneyLabel name = {entry + 1, (unsigned char) *entry};

	return name;
}

extern bool naive_bayes_put_feature(NaiveBayesFeatures *features, JourneyLabel field,
									JourneyLabel value, PureError *error);
extern void naive_bayes_sort_features(NaiveBayesFeatures *features);

extern NaiveBayesTable *naive_bayes_begin(void);
extern bool naive_bayes_count_deal(NaiveBayesTable *table, bool won,
								   const NaiveBayesFeatures *features, PureError *error);
extern bool naive_bayes_put(NaiveBayesTable *table, const NaiveBayesCount *count, PureError *error);
extern bool naive_bayes_put_deals(NaiveBayesTable *table, int64 won, int64 lost, PureError *error);
extern bool naive_bayes_put_model(NaiveBayesTable *table, const NaiveBayes *model, PureError *error);
extern bool naive_bayes_take_model(NaiveBayesTable *table, const NaiveBayes *model,
								   PureError *error);
extern bool naive_bayes_uncount_deal(NaiveBayesTable *table, bool won,
									 const NaiveBayesFeatures *features, PureError *error);
extern bool naive_bayes_put_table(NaiveBayesTable *table, const NaiveBayesTable *other,
								  PureError *error);
extern NaiveBayes *naive_bayes_end(const NaiveBayesTable *table, PureError *error);

extern const NaiveBayesField *naive_bayes_find_field(const NaiveBayes *model, JourneyLabel name);
extern const NaiveBayesCell *naive_bayes_find_cell(const NaiveBayes *model,
												   const NaiveBayesField *field, JourneyLabel name);

#endif							/* CRM_NAIVE_BAYES_H */
