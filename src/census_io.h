/*-------------------------------------------------------------------------
 *
 * census_io.h
 *		census_spec and census as Datums.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_CENSUS_IO_H
#define CRM_CENSUS_IO_H

#include "postgres.h"

#include "fmgr.h"

#include "census.h"
#include "spec_face.h"

/* A specification made ready for many journeys. */
typedef struct CensusPlan
{
	char	   *text;			/* canonical */
	size_t		text_len;
	Grid		instants;
} CensusPlan;

extern const CensusPlan *census_ready(SpecCache *cache, FunctionCallInfo fcinfo, int spec_arg);
extern void census_instants_of(const Census *census, Grid *instants);
extern Census *census_open_datum(Datum value);
extern Datum census_datum(Census *census);

#endif							/* CRM_CENSUS_IO_H */
