/*-------------------------------------------------------------------------
 *
 * velocity_io.h
 *		Velocities as Datums.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_VELOCITY_IO_H
#define CRM_VELOCITY_IO_H

#include "postgres.h"

#include "fmgr.h"

#include "spec_face.h"
#include "velocity.h"

extern Velocity *velocity_open_datum(Datum value);
extern Datum velocity_datum(Velocity *velocity);
extern const VelocitySpec *velocity_spec_ready(SpecCache *cache, FunctionCallInfo fcinfo,
											   int spec_arg, int as_of_arg);

#define PG_GETARG_VELOCITY(n) velocity_open_datum(PG_GETARG_DATUM(n))
#define PG_RETURN_VELOCITY(velocity) PG_RETURN_DATUM(velocity_datum(velocity))

#endif							/* CRM_VELOCITY_IO_H */
