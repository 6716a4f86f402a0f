/* test_cli_verify.c - cnncheck verify: what it says, writes and counts, and how it fails. */
#include "harness/check.h"
#include "harness/npy.h"

#include "tests/cli.h"

#include <ctype.h>

/* One JSON value; returns what follows it, or NULL where it is none. */
static const char *json_value(const char *p)
{
    static const char *const words[] = { "true", "false", "null" };
    p += strspn(p, " \n");
    if (*p == '{' || *p == '[') {
        const char close = *p == '{' ? '}' : ']';
        for (p++; p && *(p += strspn(p, " \n")) != close;) {
            if (close == '}' && (*p != '"' || !(p = json_value(p)) || *p++ != ':'))
                return NULL;
            if (!(p = json_value(p)))
                return NULL;
            p += strspn(p, " \n");
            if (*p != ',' && *p != close)
                return NULL;
            if (*p == ',' && *(p += 1 + strspn(p + 1, " \n")) == close)
                return NULL;
        }
        return p + 1;
    }
    if (*p == '"') {
        for (p++; *p != '"'; p++)
            if ((unsigned char)*p < 0x20 || (*p == '\\' && !strchr("\"\\/bfnrtu", *++p)))
                return NULL;
        return p + 1;
    }
    for (size_t i = 0; i < COUNT(words); i++)
        if (!strncmp(p, words[i], strlen(words[i])))
            return p + strlen(words[i]);
    char *end;
    strtod(p, &end);
    return isdigit((unsigned char)p[*p == '-']) ? end : NULL;
}

static void assert_json(const char *text)
{
    const char *end = *text == '{' ? json_value(text) : NULL;
    if (!end || strcmp(end, "\n"))
        fail_msg("not JSON:\n%s", text);
}

/* Tags that match, attributes in quotes, nothing that wants to be escaped. */
static void assert_xml(const char *text)
{
    static const char *const entities[] = { "&lt;", "&gt;", "&amp;", "&quot;" };
    char open[8][64];
    int depth = 0, roots = 0;
    assert_memory_equal(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", 39);
    for (const char *p = text + 39; *p; p++) {
        if (*p != '<') {
            assert_true(isspace((unsigned char)*p));
            continue;
        }
        const bool closes = p[1] == '/';
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(p + 1 + closes, " />"), p + 1 + closes);
        bool quoted = false;
        for (p++; quoted || *p != '>'; p++) {
            bool entity = *p != '&';
            for (size_t i = 0; i < COUNT(entities); i++)
                entity = entity || !strncmp(p, entities[i], strlen(entities[i]));
            assert_true(*p && *p != '<' && entity);
            quoted ^= *p == '"';
        }
        if (closes) {
            assert_true(depth > 0);
            assert_string_equal(name, open[--depth]);
        } else {
            roots += depth == 0;
            assert_in_range(depth, 0, 7);
            if (p[-1] != '/')
                strcpy(open[depth++], name);
        }
    }
    assert_int_equal(depth, 0);
    assert_int_equal(roots, 1);
}

/* A number that the JSON of the last run gives for a function. */
static long counted(const char *function, const char *what)
{
    static char text[1 << 16];
    char key[80];
    read_all("v.json", text, sizeof text);
    assert_json(text);
    snprintf(key, sizeof key, "{\"name\": \"%s\"", function);
    const char *p = strstr(text, key);
    snprintf(key, sizeof key, "\"%s\": ", what);
    p = p ? strstr(p, key) : NULL;
    if (!p)
        fail_msg("%s has no %s in\n%s", function, what, text);
    return strtol(p + strlen(key), NULL, 10);
}

/* The counts that an element opens with, and the elements that they count. */
static void assert_counted(const char *element, const char *end)
{
    int tests, failures, skipped, found[3] = { 0 };
    double seconds;
    assert_int_equal(sscanf(strstr(element, " tests="),
                            " tests=\"%d\" failures=\"%d\" errors=\"0\" skipped=\"%d\" "
                            "time=\"%lf\"",
                            &tests, &failures, &skipped, &seconds), 4);
    for (const char *p = element; p < end; p++) {
        found[0] += !strncmp(p, "<testcase ", 10);
        found[1] += !strncmp(p, "<failure ", 9);
        found[2] += !strncmp(p, "<skipped ", 9);
    }
    assert_int_equal(tests, found[0]);
    assert_int_equal(failures, found[1]);
    assert_int_equal(skipped, found[2]);
    assert_true(seconds >= 0.0);
}

/* What CI servers read: testsuites > testsuite > testcase > failure or skipped, each with the
 * attributes that they want, and counts that are right. */
static void assert_junit(const char *text)
{
    static const struct { const char *name, *within, *attributes[6]; } elements[] = {
        { "testsuites", "", { "name", "tests", "failures", "errors", "time" } },
        { "testsuite", "testsuites",
          { "name", "tests", "failures", "errors", "time", "timestamp" } },
        { "testcase", "testsuite", { "classname", "name", "time" } },
        { "failure", "testcase", { "type", "message" } },
        { "skipped", "testcase", { "message" } },
    };
    const char *open[8] = { "" };
    int depth = 0;
    assert_xml(text);
    for (const char *p = strchr(text, '\n'); (p = strchr(p, '<')) != NULL; p++) {
        const char *end = p;
        size_t i = 0;
        if (p[1] == '/') {
            depth--;
            continue;
        }
        for (bool quoted = false; quoted || *end != '>'; end++)
            quoted ^= *end == '"';
        while (i < COUNT(elements) && (strncmp(p + 1, elements[i].name, strlen(elements[i].name)) ||
                                       p[1 + strlen(elements[i].name)] != ' '))
            i++;
        assert_in_range(i, 0, COUNT(elements) - 1);
        assert_string_equal(elements[i].within, open[depth]);
        for (int k = 0; k < 6 && elements[i].attributes[k]; k++) {
            char wanted[32];
            snprintf(wanted, sizeof wanted, " %s=\"", elements[i].attributes[k]);
            const char *found = strstr(p, wanted);
            if (!found || found > end)
                fail_msg("%s has no%s", elements[i].name, wanted);
        }
        if (i <= 1)
            assert_counted(p, strstr(p, i ? "</testsuite>" : "</testsuites>"));
        if (end[-1] != '/')
            open[++depth] = elements[i].name;
    }
}

#define VERIFY "cnncheck verify --tier smoke --json v.json --junit v.xml "

static void what_holds_is_reported(void **state)
{
    (void)state;
    static char text[1 << 16];
    shell(VERIFY "--layer relu");
    assert_ended(0, "\nHELD: 2 functions, ", "relu");
    assert_non_null(strstr(out, "relu.backward"));
    assert_null(strstr(out, "FAIL"));
    assert_string_equal(err, "");
    assert_int_equal(counted("relu.forward", "rejected"), 0);
    assert_true(counted("relu.forward", "cases") > 20);
    assert_true(counted("relu.forward", "exact") >= 15);
    assert_true(counted("relu.forward", "fixtures") >= 5);
    assert_true(counted("relu.forward", "relations") >= 10);
    assert_in_range(counted("relu.forward", "trusted"), 15, counted("relu.forward", "cases"));
    read_all("v.json", text, sizeof text);
    assert_non_null(strstr(text, "\"held\": true"));
    read_all("v.xml", text, sizeof text);
    assert_junit(text);
    assert_non_null(strstr(text, "name=\"functions\" tests=\"2\" failures=\"0\""));
    assert_non_null(strstr(text, "name=\"defects of the documents\" tests=\"5\" failures=\"0\""));
    assert_non_null(strstr(text, "<testcase classname=\"defects\" name=\"D001-20\" time="));
    assert_null(strstr(text, "<failure"));
}

static void globs_and_cases_choose(void **state)
{
    (void)state;
    static char text[1 << 16];
    shell(VERIFY "--layer 'xent.*ward'");
    assert_ended(0, "\nHELD: 2 functions, ", "a glob");
    shell(VERIFY "--layer '*.step' --isa scalar");
    assert_ended(0, "\nHELD: 1 functions, ", "a glob and a set");
    read_all("v.xml", text, sizeof text);
    assert_junit(text);
    assert_true(!!strstr(text, "<skipped message=\"another set was asked for\"/>") ==
                !!strstr(out, "not run, since another set was asked for: "));
    assert_non_null(strstr(out, "guarded calls on scalar; 0 rejected"));
    shell("CNNCHECK_ISA=scalar " VERIFY "--layer sgd");
    assert_ended(0, "guarded calls on scalar; ", "a set from the environment");
    shell(VERIFY "--layer relu.forward --case len=17");
    assert_ended(0, "HELD: 1 functions, 3 cases", "a case that is a fixture too");
    assert_int_equal(counted("relu.forward", "cases"), 3); /* integers, reals, fixture */
    assert_int_equal(counted("relu.forward", "fixtures"), 1);
    shell(VERIFY "--layer relu.forward --case len=19");
    assert_int_equal(counted("relu.forward", "cases"), 2);
    shell(VERIFY "--layer 'elementary.log*' --tier exhaustive --shard 16257/65536"); /* 1 and up */
    assert_ended(0, "\nHELD: 2 functions, 0 cases, ", "what only the exhaustive tier knows");
    assert_int_equal(counted("elementary.log", "exhausted"), 65536);
    assert_int_equal(counted("elementary.log1p", "exhausted"), 1); /* which ends there */
}

static void shards_cover_everything_once(void **state)
{
    (void)state;
    static const char *const functions[] = { "relu.forward", "relu.backward" };
    static const char *const what[] = { "cases", "exact",     "fixtures",
                                        "calls", "relations", "trusted" };
    long whole[COUNT(functions)][COUNT(what)], parts[COUNT(functions)][COUNT(what)] = { { 0 } };
    for (int shard = 0; shard <= 3; shard++) {
        shell(VERIFY "--layer relu --shard %d/%d", shard ? shard : 1, shard ? 3 : 1);
        assert_ended(0, "HELD", "a shard");
        for (size_t f = 0; f < COUNT(functions); f++)
            for (size_t i = 0; i < COUNT(what); i++) {
                const long count = counted(functions[f], what[i]);
                assert_true(count > 0 || (shard && i == 2));
                if (shard)
                    parts[f][i] += count;
                else
                    whole[f][i] = count;
            }
    }
    assert_memory_equal(whole, parts, sizeof whole);
}

/* More machines than cases: those left over have not failed, and nothing has held on them. */
static void an_empty_shard_says_so(void **state)
{
    (void)state;
    static char text[1 << 16];
    shell(VERIFY "--layer relu --shard 100000/100000");
    assert_ended(0, "\nNOTHING RUN: no cases in shard 100000 of 100000", "beyond the cases");
    assert_null(strstr(out, "HELD"));
    read_all("v.json", text, sizeof text);
    assert_json(text);
    assert_non_null(strstr(text, "\"held\": null"));
    read_all("v.xml", text, sizeof text);
    assert_junit(text);
    assert_non_null(strstr(text, "name=\"functions\" tests=\"2\" failures=\"0\" errors=\"0\" "
                                 "skipped=\"2\""));
    assert_non_null(strstr(text, "<skipped message=\"nothing of it was run\"/>"));
    shell("cnncheck verify --layer elementary.log1p --tier exhaustive --shard 65536/65536");
    assert_ended(0, "\nNOTHING RUN: no cases in shard 65536 of 65536", "beyond its last float");
}

/* A network counts as a function does, its fixtures as cases, and its training as one more. */
static void networks_are_counted(void **state)
{
    (void)state;
    static const struct { const char *options, *said; } table[] = {
        { "--layer mnist10 --tier smoke", "\nHELD: 0 functions, 1 networks, 4 cases, 0 guarded " },
        { "--layer mnist01-relu", "\nHELD: 0 functions, 1 networks, 4 cases, 0 guarded " },
        { "--layer 'mnist01-*.train'", "\nHELD: 0 functions, 2 networks, 2 cases, 0 guarded " },
        { "--layer 'mnist01-*' --tier smoke", "\nHELD: 0 functions, 2 networks, 6 cases, " },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        shell("cnncheck verify %s", table[i].options);
        assert_ended(0, table[i].said, table[i].options);
    }
}

static void a_mistake_is_one_line_that_names_it(void **state)
{
    (void)state;
    static const char *const mistakes[][2] = {
        { "--layer nosuch", "--layer nosuch matches no function" },
        { "--layer relu --tier huge", "--tier: 'huge'" },
        { "--layer relu --shard 3/2", "--shard: '3/2'" },
        { "--layer relu --shard 0/2", "--shard: '0/2'" },
        { "--layer relu --shard 1/2x", "--shard: '1/2x'" },
        { "--layer relu --shard half", "--shard: 'half'" },
        { "--layer relu --shard /2", "--shard: '/2'" },
        { "--layer relu --shard 4294967297/4294967298", "1 <= I <= N <= 2147483647" },
        { "--layer sgd --case len=4,lr=0.$(printf %0252d 1)",
          "--case: the case is longer than 255 characters" },
        { "--layer relu --seed -1", "--seed: '-1'" },
        { "--layer relu --seed one", "--seed: 'one'" },
        { "--layer relu --time-budget -1", "--time-budget: '-1'" },
        { "--layer relu --time-budget nan", "--time-budget: 'nan'" },
        { "--layer relu --threads 0", "--threads: '0'" },
        { "--layer relu --isa sse9", "--isa: unknown instruction set 'sse9'" },
        { "--layer relu extra", "extra: verify takes options only" },
        { "--layer relu --bogus", "--bogus: not an option" },
        { "--layer", "--layer: not an option, or one without its value" },
        { "--layer relu --json missing/v.json", "missing/v.json: cannot be written: " },
        { "--layer relu --junit /dev/null", "/dev/null: cannot be written: not a regular file" },
        { "--layer relu --json ''", "'': cannot be written: a file without a name" },
        { "--layer mnist01-sigmoid.train", "--layer mnist01-sigmoid.train matches no function" },
        { "--layer mnist10.train --tier full", "--layer mnist10.train matches no function" },
    };
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        shell("cnncheck verify --tier smoke %s", mistakes[i][0]);
        assert_ended(2, mistakes[i][1], mistakes[i][0]);
        if (strncmp(err, "cnncheck: ", 10) || strchr(err, '\n') != err + strlen(err) - 1 || *out)
            fail_msg("%s: not one line, and before any work:\n%s%s", mistakes[i][0], out, err);
    }
}

/* In a folder whose name every format has to escape. */
#define FIXTURES "fix <&\"> tures"
#define FAILURE "FAIL relu.forward scalar len=33: fixture: numpy stands alone; y[20]:"

/* NumPy says something else, and that is told; the line that is printed tells it again. */
static void a_failure_is_told_and_repeats_itself(void **state)
{
    (void)state;
    static char text[1 << 16];
    char line[1024];
    struct npy y;
    struct error e;
    shell("mkdir '" FIXTURES "' && cp -r '%s/fixtures/relu.forward' '%s/fixtures/defects' "
          "'" FIXTURES "'", SOURCE_DIR, SOURCE_DIR);
    assert_ended(0, "", "cp");
    assert_int_equal(setenv("CNNCHECK_FIXTURES", FIXTURES, 1), 0);
    shell(VERIFY "--layer relu.forward");
    assert_ended(0, "HELD", "fixtures of its own");
    assert_true(npy_read(FIXTURES "/relu.forward/len=33/y.npy", &y, &e));
    y.data[20] += 0.25;
    assert_true(npy_write(FIXTURES "/relu.forward/len=33/y.npy", y.rank, y.dim, y.data, 8, &e));
    npy_free(&y);
    shell(VERIFY "--layer relu.forward");
    assert_ended(1, "\nFAILED: 1 functions, ", "a wrong value");
    assert_string_equal(err, "");
    const char *failure = strstr(out, FAILURE), *repro = strstr(out, "\nREPRO: ");
    assert_true(failure && repro && repro > failure);
    assert_null(strstr(repro + 2, "REPRO"));
    assert_int_equal(counted("relu.forward", "rejected"), 1);
    read_all("v.xml", text, sizeof text);
    assert_junit(text);
    assert_non_null(strstr(text, "name=\"functions\" tests=\"1\" failures=\"1\""));
    assert_non_null(strstr(text, "<failure type=\"rejected\" message=\"scalar len=33: fixture: "
                                 "numpy stands alone"));
    snprintf(line, sizeof line, "%.*s", (int)strcspn(repro + 8, "\n"), repro + 8);
    shell("%s", line);
    assert_ended(1, FAILURE, line);
    assert_non_null(strstr(out, line));
    /* A file that is not there is told with its name, in all formats. */
    assert_int_equal(remove(FIXTURES "/relu.forward/len=33/y.npy"), 0);
    shell(VERIFY "--layer relu.forward");
    assert_ended(1, FIXTURES "/relu.forward/len=33/y.npy: No such file", "a missing file");
    assert_int_equal(counted("relu.forward", "rejected"), 1);
    read_all("v.xml", text, sizeof text);
    assert_junit(text);
    assert_non_null(strstr(text, "fix &lt;&amp;&quot;&gt; tures/relu.forward/len=33/y.npy"));
    /* And so is a function that has none. */
    shell(VERIFY "--layer 'relu.*'");
    assert_ended(1, "FAIL relu.backward scalar fixtures: this function has no fixtures", "none");
    assert_int_equal(unsetenv("CNNCHECK_FIXTURES"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds_is_reported),
        cmocka_unit_test(globs_and_cases_choose),
        cmocka_unit_test(shards_cover_everything_once),
        cmocka_unit_test(an_empty_shard_says_so),
        cmocka_unit_test(networks_are_counted),
        cmocka_unit_test(a_mistake_is_one_line_that_names_it),
        cmocka_unit_test(a_failure_is_told_and_repeats_itself),
    };
    return cmocka_run_group_tests_name("cli verify", tests, make_folder, remove_folder);
}
