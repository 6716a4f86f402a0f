/* test_structure.c - the rules that the sources and the objects made from them keep. */
#include "harness/check.h"

#include <ctype.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))
#define IN_WORD(c) (isalnum((unsigned char)(c)) || (c) == '_')

static int broken; /* how many rules; all are told before a test fails */

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "  ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    broken++;
}

static void none_broken(void)
{
    const int count = broken;
    broken = 0;
    assert_int_equal(count, 0);
}

/* The files below a folder that match a pattern; gl_pathc of them. */
static glob_t files(const char *folder, const char *pattern)
{
    char full[1024];
    glob_t found;
    snprintf(full, sizeof full, "%s/%s", folder, pattern);
    if (glob(full, GLOB_BRACE, NULL, &found))
        fail_msg("%s: nothing there", full);
    return found;
}

static char *text_of(const char *path)
{
    enum { MOST = 1 << 20 };
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, MOST);
    if (!f || !text || fread(text, 1, MOST, f) >= MOST)
        fail_msg("%s: cannot be read", path);
    fclose(f);
    return text;
}

/* Blanks comments, and strings that no #include names. */
static char *code_of(const char *path)
{
    char *text = text_of(path), *p = text, *line = text;
    while (*p) {
        char *end = p + 1;
        if (!strncmp(p, "/*", 2) && (end = strstr(p + 2, "*/")) != NULL)
            end += 2;
        else if (!strncmp(p, "//", 2))
            end = p + strcspn(p, "\n");
        else if ((*p == '"' || *p == '\'') && strncmp(line, "#include", 8))
            for (; *end && *end++ != *p;)
                end += end[-1] == '\\';
        else if (*p++ == '\n')
            line = p;
        for (; p < end; p++)
            *p = *p == '\n' ? '\n' : ' ';
    }
    return text;
}

/* Whether the code has an identifier equal to `word`, or beginning with it where it ends in '*'. */
static bool has_word(const char *code, const char *word)
{
    const size_t length = strcspn(word, "*");
    for (const char *p = code; *p; p++)
        if (!strncmp(p, word, length) && (p == code || !IN_WORD(p[-1])) &&
            (word[length] || !IN_WORD(p[length])))
            return true;
    return false;
}

#define MEMORY { "malloc", "calloc", "realloc", "free", "alloca", "aligned_alloc", "mmap" }

/* What stands nowhere in the code of these files. */
static const struct { const char *pattern, *except, *words[17]; } foreign[] = {
    { "{ref/,fast/,harness/,harness/*/,tests/}*.[ch]", NULL, /* intrinsics live in fast/isa */
      { "immintrin", "x86intrin", "emmintrin", "arm_neon", "_mm*", "__m128*", "__m256*", "__m512*",
        "__mmask*", "vld1*", "vst1*", "vdup*", "vfma*", "float32x4*", "uint32x4*", "__asm*" } },
    { "ref/*.[ch]", "layers.h", { "float" } },
    { "ref/*.[ch]", NULL, MEMORY },
    { "fast/{,isa/}*.[ch]", NULL, MEMORY },
};

static void no_word_stands_where_it_is_foreign(void **state)
{
    (void)state;
    for (size_t r = 0; r < COUNT(foreign); r++) {
        glob_t found = files(SOURCE_DIR, foreign[r].pattern);
        for (size_t i = 0; i < found.gl_pathc; i++) {
            char *code = code_of(found.gl_pathv[i]);
            if (foreign[r].except && strstr(found.gl_pathv[i], foreign[r].except))
                *code = '\0';
            for (int k = 0; foreign[r].words[k]; k++)
                if (has_word(code, foreign[r].words[k]))
                    complain("%s: has %s", found.gl_pathv[i], foreign[r].words[k]);
            free(code);
        }
        globfree(&found);
    }
    none_broken();
}

/* What instrumentation adds to an object. */
static bool instrumentation(const char *symbol)
{
    return strstr(symbol, "gcov") || strstr(symbol, "asan") || strstr(symbol, "ubsan") ||
           strstr(symbol, "llvm") || strstr(symbol, "_GLOBAL") || strstr(symbol, "__unnamed");
}

/* The one symbol that an object of ref/ or fast/ exports: others could leak into baseline code. */
static void table_name(const char *object, char name[256])
{
    snprintf(name, 256, "%s", strrchr(object, '/') + 1);
    strcpy(strrchr(name, '.'), strstr(object, "/ref/") ? "_ref" : "");
    if (strchr(name, '.'))
        *strchr(name, '.') = '_';
}

static void objects_export_one_table_and_keep_no_state(void **state)
{
    (void)state;
    static const char *const variable[] = { "bss", "COM", ".data", ".tdata" };
    glob_t found = files(BUILD_DIR, "{ref,fast}/*.o");
    const char *nm = getenv("NM") ? getenv("NM") : "nm";
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *object = found.gl_pathv[i];
        char wanted[256], line[1024], symbol[256], class;
        int tables = 0;
        table_name(object, wanted);
        snprintf(line, sizeof line, "%s --defined-only -f sysv '%s'", nm, object);
        FILE *f = popen(line, "r");
        while (f && fgets(line, sizeof line, f)) {
            if (sscanf(line, "%255[^ |] |%*[^|]| %c", symbol, &class) != 2 || instrumentation(line))
                continue;
            const char *section = strrchr(line, '|');
            for (size_t k = 0; k < COUNT(variable); k++)
                if (strstr(section, variable[k]) && !strstr(section, ".data.rel.ro"))
                    complain("%s: %s can be written to", object, symbol);
            if (isupper((unsigned char)class) && (strcmp(symbol, wanted) || tables++))
                complain("%s: exports %s", object, symbol);
        }
        if (!f || pclose(f) || tables != 1)
            complain("%s: exports %d symbols called %s", object, tables, wanted);
    }
    globfree(&found);
    none_broken();
}

/* Follows the includes of a file of `layer`, from `path` on. */
static void follow_includes(const char *layer, const char *path, const char *allowed, int depth)
{
    char full[1024], name[256];
    snprintf(full, sizeof full, "%s/%s", SOURCE_DIR, path);
    char *code = code_of(full);
    assert_in_range(depth, 0, 20);
    for (char *p = code; (p = strstr(p, "#include \"")) != NULL; p++) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(p + 10, "\""), p + 10);
        if (strncmp(name, "ref/", 4) && (!*allowed || strncmp(name, allowed, strlen(allowed))))
            complain("%s: includes %s", path, name);
        for (int i = 0; checks[i]; i++) {
            char own[64];
            snprintf(own, sizeof own, "/%s.", checks[i]->layer);
            if (strcmp(checks[i]->layer, layer) && strstr(name, own))
                complain("%s: %s includes %s of another layer", layer, path, name);
        }
        follow_includes(layer, name, allowed, depth + 1);
    }
    free(code);
}

static void no_layer_knows_another(void **state)
{
    (void)state;
    for (int i = 0; checks[i]; i++) {
        char path[256];
        snprintf(path, sizeof path, "ref/%s.c", checks[i]->layer);
        follow_includes(checks[i]->layer, path, "", 0);
        snprintf(path, sizeof path, "fast/%s.c", checks[i]->layer);
        follow_includes(checks[i]->layer, path, "fast/", 0);
    }
    none_broken();
}

/* Complains unless a pattern, with these names put in, has at least `count` matches. */
static void want(const char *pattern, const char *layer, const char *function, size_t count)
{
    char path[1024];
    glob_t found;
    snprintf(path, sizeof path, pattern, layer, function);
    glob(path, GLOB_BRACE, NULL, &found);
    if (found.gl_pathc < count)
        complain("%s: there are %zu of %zu", path, found.gl_pathc, count);
    globfree(&found);
}

static void every_layer_is_complete(void **state)
{
    (void)state;
    glob_t sources = files(SOURCE_DIR, "ref/*.c");
    size_t layers = 0;
    for (; checks[layers]; layers++) {
        want(SOURCE_DIR "/{ref,fast,harness/check}/%s.c", checks[layers]->layer, "", 3);
        want(SOURCE_DIR "/ref/%s.h", checks[layers]->layer, "", 1);
        want(BUILD_DIR "/fast/%s.*.o", checks[layers]->layer, "", ISA_plugin);
        for (const struct function *f = checks[layers]->function; f->name; f++)
            want(SOURCE_DIR "/fixtures/%s.%s/*/*.npy", checks[layers]->layer, f->name, 2);
    }
    assert_int_equal(sources.gl_pathc, layers + 1); /* none is left out but elementary, no layer */
    globfree(&sources);
    none_broken();
}

static void every_contract_has_its_headings(void **state)
{
    (void)state;
    static const char *const headings[] = { "Source ", "Shapes ", "Needs ", "Fails ", "Special ",
                                            "Error " };
    for (int i = 0; checks[i]; i++) {
        char path[1024], line[80];
        snprintf(path, sizeof path, "%s/ref/%s.h", SOURCE_DIR, checks[i]->layer);
        char *text = text_of(path), *from = text, *shapes = text;
        snprintf(line, sizeof line, "/* %s.h - ", checks[i]->layer);
        if (strncmp(text, line, strlen(line)))
            complain("%s: does not begin with what it is", path);
        *strstr(text, "*/") = '\0';
        for (size_t k = 0; k < COUNT(headings); k++) {
            snprintf(line, sizeof line, "\n * %s", headings[k]);
            char *at = strstr(from, line);
            if (!at)
                complain("%s: no heading %sin its place", path, headings[k]);
            from = at ? at : from;
            shapes = k == 1 ? from : shapes;
        }
        for (const struct function *f = checks[i]->function; f->name; f++) {
            snprintf(line, sizeof line, "\n * %s ", f->name);
            if (!strstr(shapes, line))
                complain("%s: no formula for %s after its shapes", path, f->name);
        }
        free(text);
    }
    none_broken();
}

static void files_stay_small(void **state)
{
    (void)state;
    static const struct { const char *pattern; int lines; } table[] = {
        { "ref/*.[ch]", 120 },      { "fast/*.[ch]", 250 },    { "fast/isa/*.h", 70 },
        { "harness/check/*.c", 120 }, { "harness/*.[ch]", 300 }, { "harness/nets/*.c", 300 },
        { "harness/defects/*.[ch]", 300 },
        { "Makefile", 150 },
    };
    for (size_t r = 0; r < COUNT(table); r++) {
        glob_t found = files(SOURCE_DIR, table[r].pattern);
        for (size_t i = 0; i < found.gl_pathc; i++) {
            char *text = text_of(found.gl_pathv[i]);
            int lines = 0;
            for (const char *p = text; *p; p++)
                lines += *p == '\n';
            if (lines > table[r].lines)
                complain("%s: %d lines, more than %d", found.gl_pathv[i], lines, table[r].lines);
            free(text);
        }
        globfree(&found);
    }
    none_broken();
}

static void lines_stay_short(void **state)
{
    (void)state;
    glob_t found = files(SOURCE_DIR, "{ref,fast,harness,scripts,tests}/{,*/}*.[ch]");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *text = text_of(found.gl_pathv[i]), *end;
        int line = 1;
        for (const char *p = text; (end = strchr(p, '\n')) != NULL; p = end + 1, line++)
            if (end - p > 100)
                complain("%s:%d: %td columns, more than 100", found.gl_pathv[i], line, end - p);
        free(text);
    }
    globfree(&found);
    none_broken();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_word_stands_where_it_is_foreign),
        cmocka_unit_test(objects_export_one_table_and_keep_no_state),
        cmocka_unit_test(no_layer_knows_another),
        cmocka_unit_test(every_layer_is_complete),
        cmocka_unit_test(every_contract_has_its_headings),
        cmocka_unit_test(files_stay_small),
        cmocka_unit_test(lines_stay_short),
    };
    return cmocka_run_group_tests_name("structure", tests, NULL, NULL);
}
