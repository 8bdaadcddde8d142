/*-------------------------------------------------------------------------
 *
 * digest_text.h
 *		A digest as text and as bytes.
 *
 * Text: the values in order, each as often as it occurs, [60000000*2,90000000], or
 * behind a "~" the sum, the longest and the buckets, ~[78822900,131671:768*600].
 * What is read may come in any order, and a value more than once.
 *
 * Bytes: variable-length integers (seven bits a byte, low ones first).  The number of
 * distinct values, 513 for more than 512; then, while exact, for each its distance to
 * the one before and its count; else the sum's two words, the longest, the number of
 * buckets in use, and for each of those its distance to the one before and its count.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DIGEST_TEXT_H
#define CRM_DIGEST_TEXT_H

#include "digest.h"

/* What is read is trimmed, palloc'd, or NULL on error. */
extern void digest_write(StringInfo out, const Digest *trimmed);
extern Digest *digest_read(const char **cursor, const char *end, PureError *error);
extern void digest_send(StringInfo out, const Digest *trimmed);
extern Digest *digest_receive(const char **cursor, const char *end, PureError *error);

#endif							/* CRM_DIGEST_TEXT_H */
