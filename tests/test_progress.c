/* test_progress.c - how far a command is shows on a terminal, and nowhere else. */
#define _XOPEN_SOURCE 700 /* which has terminals */
#include "harness/progress.h"

#include "tests/cli.h"

#include <fcntl.h>
#include <poll.h>
#include <regex.h>

enum { SEEN = 1 << 10 };

static int there, terminal, before; /* the far end of a terminal, the near one, and stderr */

/* From here on stderr is `where`. */
static void turn_stderr(int where)
{
    before = dup(STDERR_FILENO);
    dup2(where, STDERR_FILENO);
}

static void turn_back(void)
{
    dup2(before, STDERR_FILENO);
    close(before);
}

/* What has come through since: until for 0.12 s nothing does, which is more than the tenth of a
 * second within which there is one line. */
static void look(char text[SEEN])
{
    struct pollfd far_end = { .fd = there, .events = POLLIN };
    size_t used = 0;
    while (used < SEEN - 1 && poll(&far_end, 1, 120) > 0) {
        const ssize_t got = read(there, text + used, SEEN - 1 - used);
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    text[used] = '\0';
}

static int open_terminal(void **state)
{
    there = posix_openpt(O_RDWR | O_NOCTTY);
    if (make_folder(state) || grantpt(there) || unlockpt(there))
        return -1;
    terminal = open(ptsname(there), O_RDWR | O_NOCTTY);
    return terminal < 0 ? -1 : 0;
}

static int close_terminal(void **state)
{
    close(terminal);
    close(there);
    return remove_folder(state);
}

static void percentage_and_time_left_appear_on_a_terminal(void **state)
{
    (void)state;
    const double start = seconds_now() - 30.0;
    char early[SEEN], line[SEEN], unknown[SEEN], wiped[SEEN], nothing[SEEN];
    turn_stderr(terminal);
    progress("cases", seconds_now() - 0.5, 90.0, 100.0); /* not in the first second */
    look(early);
    progress("cases", start, 25.0, 100.0);
    progress("cases", start, 26.0, 100.0); /* not more than ten times a second */
    look(line);
    progress("cases", start, 0.0, 100.0); /* nobody knows yet */
    look(unknown);
    progress_clear();
    look(wiped);
    progress_clear(); /* there is nothing any more */
    look(nothing);
    turn_back();
    assert_string_equal(early, "");
    assert_string_equal(line, "\r\033[Kcases 25 %, 90 s left");
    assert_string_equal(unknown, "\r\033[Kcases 0 %");
    assert_string_equal(wiped, "\r\033[K");
    assert_string_equal(nothing, "");
}

static void nothing_appears_elsewhere(void **state)
{
    (void)state;
    int pipes[2];
    char byte;
    assert_int_equal(pipe(pipes), 0);
    turn_stderr(pipes[1]);
    progress("cases", seconds_now() - 30.0, 25.0, 100.0);
    progress_clear();
    turn_back();
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), 0);
    close(pipes[0]);
}

#define COMMAND "cnncheck verify --layer sgd --tier smoke --isa scalar --time-budget 1.3"

/* A command of a second and a half, whose stdout is a file either way. */
static void a_command_shows_it(void **state)
{
    (void)state;
    regex_t line;
    char text[SEEN];
    regcomp(&line, "^(\r\033\\[Krandom cases [0-9]+ %, [0-9] s left)+\r\033\\[K$", REG_EXTENDED);
    shell(COMMAND " 2>'%s'", ttyname(terminal));
    assert_ended(0, "HELD", COMMAND);
    assert_null(strstr(out, " left"));
    look(text);
    if (regexec(&line, text, 0, NULL, 0))
        fail_msg("on a terminal: '%s'", text);
    regfree(&line);
    shell(COMMAND);
    assert_ended(0, "HELD", COMMAND);
    assert_string_equal(err, "");
    look(text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentage_and_time_left_appear_on_a_terminal),
        cmocka_unit_test(nothing_appears_elsewhere),
        cmocka_unit_test(a_command_shows_it),
    };
    return cmocka_run_group_tests_name("progress", tests, open_terminal, close_terminal);
}
