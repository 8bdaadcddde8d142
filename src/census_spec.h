/*-------------------------------------------------------------------------
 *
 * census_spec.h
 *		At which instants stages are counted, as a value: read from text, printed as text.
 *
 *		from 2025-01-01 to 2026-01-01 every 1 month [at time zone 'Europe/Paris']
 *
 * The instants are counted from the first one; "to" is the last one where they meet it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_CENSUS_SPEC_H
#define CRM_CENSUS_SPEC_H

#include "calendar.h"
#include "scan.h"

/* An hour for eleven years; a stage then takes 800 kB. */
#define CENSUS_MAX_INSTANTS 100000

typedef struct CensusSpec
{
	TimestampTz from;
	TimestampTz to;				/* not before from */
	Interval	every;
	Zone		zone;
} CensusSpec;

extern void census_spec_begin(CensusSpec *spec);
extern bool census_spec_check(const CensusSpec *spec, PureError *error);
extern bool census_spec_read(Scanner *scanner, ZoneFinder finder, CensusSpec *spec);
extern bool census_spec_parse(CensusSpec *spec, const char *text, size_t len, ZoneFinder finder,
							  PureError *error);
extern void census_spec_print(StringInfo out, const CensusSpec *spec);
extern void census_instants(const CensusSpec *spec, Grid *instants);

#endif							/* CRM_CENSUS_SPEC_H */
