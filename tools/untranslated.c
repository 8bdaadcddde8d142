/*-------------------------------------------------------------------------
 *
 * untranslated.c
 *		Messages stay English, for servers that run with tools/sanitizers.
 *
 * Preloaded behind AddressSanitizer's library: with that alone, PostgreSQL's first call of
 * bindtextdomain() waits for a lock of the C library for ever.
 *
 *-------------------------------------------------------------------------
 */
char *
bindtextdomain(const char *domain, const char *folder)
{
	return (char *) folder;
}

char *
bind_textdomain_codeset(const char *domain, const char *codeset)
{
	return (char *) codeset;
}

char *
textdomain(const char *domain)
{
	return (char *) domain;
}
