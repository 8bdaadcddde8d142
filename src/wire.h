/*-------------------------------------------------------------------------
 *
 * wire.h
 *		The parts that binary forms share.
 *
 * Bytes that arrive are hostile: no count is trusted with an allocation or a loop
 * before the message is known to be long enough for it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_WIRE_H
#define CRM_WIRE_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "compat.h"
#include "journey.h"

pg_noreturn extern void wire_refuse(const char *type, const char *what);
extern uint32 wire_receive_count(StringInfo buf, uint32 limit, size_t item_size, const char *type);
extern JourneyLabel wire_receive_label(StringInfo buf, const char *type);
extern void wire_receive_end(StringInfo buf, const char *type);
extern void wire_send_label(StringInfo buf, const JourneyLabel *label);

#endif							/* CRM_WIRE_H */
