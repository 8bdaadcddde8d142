/*-------------------------------------------------------------------------
 *
 * derive_keys.h
 *		Keys of the rows that are to be derived: what noting and deriving them share.
 *
 * For derive*.c only; derive.h is for everybody else.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DERIVE_KEYS_H
#define CRM_DERIVE_KEYS_H

#include "derivation.h"

typedef struct DeriveKeys
{
	Oid			parent;
	NameData	name;			/* of the derivation */
	Datum	   *items;
	int			count;

	/* for derive_keys.c only */
	int			room;
	MemoryContext context;
	bool		typbyval;
	int16		typlen;
	FmgrInfo   *compare;
	Oid			collation;
} DeriveKeys;

extern DeriveKeys *derive_keys_begin(const Derivation *derivation);
extern void derive_keys_add(DeriveKeys *keys, Datum key);
extern void derive_keys_sort(DeriveKeys *keys);

/* derive.c */
extern void derive_noted(void *keys);
extern bool derive_moves(const Derivation *derivation);

#endif							/* CRM_DERIVE_KEYS_H */
