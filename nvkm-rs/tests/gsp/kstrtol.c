/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own kstrtol(), on a host: KSTRTOX is its lib/kstrtox.c, whose headers are all
 * empty here. Reads one text a line, prints the number, or "no".
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef signed char s8;
typedef short s16;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef long long s64;
typedef unsigned long size_t;
typedef _Bool bool;

#define NULL ((void *)0)
#define true 1
#define false 0
#define noinline
#define __user
#define EXPORT_SYMBOL(name)
#define unlikely(x) (x)
#define INT_MAX 2147483647
#define ULLONG_MAX (~0ull)
#define EINVAL 22
#define ERANGE 34
#define EFAULT 14
#define min(a, b) ((a) < (b) ? (a) : (b))
#define check_mul_overflow(a, b, d) __builtin_mul_overflow(a, b, d)
#define check_add_overflow(a, b, d) __builtin_add_overflow(a, b, d)
#define isxdigit(c) (((c) >= '0' && (c) <= '9') || ((c) >= 'a' && (c) <= 'f') || \
		     ((c) >= 'A' && (c) <= 'F'))
#define _tolower(c) ((char)((c) | 0x20))
#define copy_from_user(to, from, n) ((void)(to), (void)(from), (void)(n), 1ul)
#define array_index_nospec(a, b) (a)

int _kstrtoul(const char *s, unsigned int base, unsigned long *res);
int _kstrtol(const char *s, unsigned int base, long *res);
unsigned int _parse_integer(const char *s, unsigned int base, unsigned long long *res);
int kstrtoul(const char *s, unsigned int base, unsigned long *res);
int kstrtol(const char *s, unsigned int base, long *res);

#include KSTRTOX

typedef struct FILE FILE;
extern FILE *stdin;
char *fgets(char *, int, FILE *);
int printf(const char *, ...);
char *strchr(const char *, int);

int
main(void)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		long long value;
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		/* A long is a long long here. */
		if (kstrtoll(line, 0, &value))
			printf("no\n");
		else
			printf("%lld\n", value);
	}

	return 0;
}
