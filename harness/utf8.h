/* utf8.h - texts for files that have to be UTF-8: a name may be any bytes, and a reason that is cut
 * may end within a letter. */
#ifndef HARNESS_UTF8_H
#define HARNESS_UTF8_H

#include <stdio.h>

/* How many bytes the letter at `text` has; 0 when none begins there (RFC 3629). */
static inline int utf8_letter(const char *text)
{
    static const struct {
        unsigned char lead, last, low, high;
        int bytes;
    } forms[] = {
        { 0x00, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    const unsigned char *b = (const unsigned char *)text;
    unsigned i = 0;
    while (i < sizeof forms / sizeof *forms && (b[0] < forms[i].lead || b[0] > forms[i].last))
        i++;
    if (i == sizeof forms / sizeof *forms || b[1] < forms[i].low || b[1] > forms[i].high)
        return 0;
    for (int k = 2; k < forms[i].bytes; k++)
        if (b[k] < 0x80 || b[k] > 0xbf)
            return 0;
    return forms[i].bytes;
}

/* Writes the letter at `text`, or ? for a byte that belongs to none; the text behind it. */
static inline const char *put_letter(FILE *f, const char *text)
{
    const int bytes = utf8_letter(text);
    if (bytes)
        fwrite(text, 1, (size_t)bytes, f);
    else
        fputc('?', f);
    return text + (bytes ? bytes : 1);
}

#endif
