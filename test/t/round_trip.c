/*-------------------------------------------------------------------------
 *
 * round_trip.c
 *		Takes a value in through its type's own input functions and out again; for
 *		013_mutations.pl, which compiles and loads it.
 *
 * A receive function cannot be called from SQL.  Nothing here knows what the types are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(take_in);
PG_FUNCTION_INFO_V1(round_trip);

typedef struct Forms
{
	Oid			input, receive, param;
	Oid			output, send;
} Forms;

static Datum
from_text(const Forms *forms, char *text)
{
	return OidInputFunctionCall(forms->input, text, forms->param, -1);
}

/* As the protocol does it: nothing may be left over. */
static Datum
from_bytes(const Forms *forms, bytea *bytes)
{
	StringInfoData buffer;
	Datum		value;

	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	value = OidReceiveFunctionCall(forms->receive, &buffer, forms->param, -1);
	if (buffer.cursor != buffer.len)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("incorrect binary data format")));
	return value;
}

static bool
same_bytes(const bytea *a, const bytea *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

static void
forms_of(Oid type, Forms *forms)
{
	bool		is_varlena;

	getTypeInputInfo(type, &forms->input, &forms->param);
	getTypeBinaryInputInfo(type, &forms->receive, &forms->param);
	getTypeOutputInfo(type, &forms->output, &is_varlena);
	getTypeBinaryOutputInfo(type, &forms->send, &is_varlena);
}

static Datum
from_either(const Forms *forms, bytea *input, bool is_binary)
{
	if (is_binary)
		return from_bytes(forms, input);
	return from_text(forms, pnstrdup(VARDATA_ANY(input), VARSIZE_ANY_EXHDR(input)));
}

/*
 * take_in(type oid, input bytea, is_binary boolean) returns void: nothing, or an error.
 */
Datum
take_in(PG_FUNCTION_ARGS)
{
	Forms		forms;

	forms_of(PG_GETARG_OID(0), &forms);
	(void) from_either(&forms, PG_GETARG_BYTEA_PP(1), PG_GETARG_BOOL(2));
	PG_RETURN_VOID();
}

/*
 * round_trip(type oid, input bytea, is_binary boolean, is_exact boolean) returns text: the text of
 * the value, if its text and its bytes make the same value again, to the bit if is_exact; an error
 * where they do not.
 */
Datum
round_trip(PG_FUNCTION_ARGS)
{
	Forms		forms;
	Datum		value,
				again;
	char	   *text;
	bytea	   *sent;

	forms_of(PG_GETARG_OID(0), &forms);
	value = from_either(&forms, PG_GETARG_BYTEA_PP(1), PG_GETARG_BOOL(2));
	text = OidOutputFunctionCall(forms.output, value);
	sent = OidSendFunctionCall(forms.send, value);
	for (int form = 0; form < 2; form++)
	{
		again = form == 0 ? from_text(&forms, pstrdup(text)) : from_bytes(&forms, sent);
		if (strcmp(OidOutputFunctionCall(forms.output, again), text) != 0 ||
			(PG_GETARG_BOOL(3) &&
			 (!same_bytes(OidSendFunctionCall(forms.send, again), sent) ||
			  !datumIsEqual(value, again, false, -1))))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("%s makes another value", form == 0 ? "its text" : "what it sends"),
					 errdetail("\"%s\" became \"%s\"", text, OidOutputFunctionCall(forms.output, again))));
	}
	PG_RETURN_TEXT_P(cstring_to_text(text));
}
