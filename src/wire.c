/*-------------------------------------------------------------------------
 *
 * wire.c
 *		The parts that binary forms share.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"

#include "wire.h"

/*
 * Refuses the binary form of a value of this type.
 */
void
wire_refuse(const char *type, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("malformed binary %s: %s", type, what)));
}

/*
 * A count from 1 to limit of items that the rest of the message can hold, given the
 * least size of one.
 */
uint32
wire_receive_count(StringInfo buf, uint32 limit, size_t item_size, const char *type)
{
	uint32		count = pq_getmsgint(buf, 4);

	if (count < 1 || count > limit || count > (buf->len - buf->cursor) / item_size)
		wire_refuse(type, "a count is out of range");
	return count;
}

/*
 * A label, converted from the client's encoding.
 */
JourneyLabel
wire_receive_label(StringInfo buf, const char *type)
{
	int			wire_len = pq_getmsgint(buf, 4);
	int			len;
	JourneyLabel label;

	if (wire_len < 0 || wire_len > buf->len - buf->cursor)
		wire_refuse(type, "a label is longer than the message");
	label.text = pq_getmsgtext(buf, wire_len, &len);
	label.len = len;
	return label;
}

void
wire_receive_end(StringInfo buf, const char *type)
{
	if (buf->cursor != buf->len)
		wire_refuse(type, "there are bytes behind its end");
}

void
wire_send_label(StringInfo buf, const JourneyLabel *label)
{
	char	   *text = pg_server_to_client(label->text, label->len);
	int			len = text == label->text ? label->len : strlen(text);

	pq_sendint32(buf, len);
	pq_sendbytes(buf, text, len);
	if (text != label->text)
		pfree(text);
}
