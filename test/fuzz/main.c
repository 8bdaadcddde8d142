/*-------------------------------------------------------------------------
 *
 * main.c
 *		Where inputs come in: from libFuzzer, or with -DSTANDALONE from the files that are named.
 *
 * FUZZ_TARGET names the target.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include <stdio.h>

static FuzzTarget target = NULL;

/*
 * Ends the program unless a promise is kept.
 */
void
promise(bool kept, const char *which)
{
	if (kept)
		return;
	fprintf(stderr, "a promise is broken: %s\n", which);
	abort();
}

/*
 * The only zone that there is here, besides those that do not exist.
 */
bool
find_zone(const char *name, Zone *zone, PureError *error)
{
	if (strcmp(name, ZONE_UTC) != 0)
		return pure_fail(error, PURE_VALUE, "time zone \"%s\" not recognized", name);
	memset(zone, 0, sizeof(*zone));
	return true;
}

static void
choose_target(void)
{
	const char *name = getenv("FUZZ_TARGET");

	for (const NamedTarget *t = fuzz_targets; t->name != NULL; t++)
		if (name != NULL && strcmp(t->name, name) == 0)
			target = t->run;
	if (target == NULL)
	{
		for (const NamedTarget *t = fuzz_targets; t->name != NULL; t++)
			printf("%s\n", t->name);
		exit(name == NULL ? 0 : 2);
	}
}

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text;

	if (target == NULL)
		choose_target();
	/* The server's texts hold no NUL. */
	if (memchr(data, 0, size) != NULL)
		return 0;
	text = pnstrdup((const char *) data, size);
	target(text, size);
	free_all();
	return 0;
}

#ifdef STANDALONE
static void
run_file(const char *name)
{
	static uint8_t data[1 << 20];
	FILE	   *file = fopen(name, "rb");
	size_t		size;
	uint8_t    *exact;

	promise(file != NULL, name);
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	exact = malloc(size + 1);
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

int
main(int argc, char **argv)
{
	choose_target();
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	return 0;
}
#endif
