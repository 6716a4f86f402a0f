/* test_guard.c - kernels that misbehave are caught, with the right buffer and distance named. */
#include "harness/guard.h"

#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))

enum slot { X, Y, WORK, SLOTS };
enum { NX = 100, NY = 37, NWORK = 10 }; /* floats: none of them fills a page */
static const char *const NAME[SLOTS] = { "x", "y", "the workspace" };

/* A kernel's arguments, and what it does beside its work. */
struct call {
    volatile float *buffer[SLOTS];
    size_t count[SLOTS];
    enum { READ, WRITE } access;
    volatile float *touched; /* NULL: nothing */
    volatile float seen;
};

/* Reads all of x, uses all of the workspace and writes all of y; then it goes wrong, or not. */
static void work_and_touch(void *context)
{
    struct call *c = context;
    float sum = 0.0f;
    for (size_t i = 0; i < c->count[X]; i++)
        sum += c->buffer[X][i];
    for (size_t i = 0; i < c->count[WORK]; i++)
        c->buffer[WORK][i] = sum;
    for (size_t i = 0; i < c->count[Y]; i++)
        c->buffer[Y][i] = sum + (float)i;
    if (c->touched && c->access == READ)
        c->seen = *c->touched;
    else if (c->touched)
        *c->touched = 1.0f;
}

/* The buffers are laid out anew for every call. cmocka sets signal handlers of its own at the start
 * of a test, so every test makes its guard itself. */
static struct call lay_out(struct guard *g, enum placement where, size_t nx, size_t ny,
                           size_t nwork)
{
    static float data[1 << 16];
    struct call c = { .count = { nx, ny, nwork } };
    for (size_t i = 0; i < nx; i++)
        data[i] = (float)(i % 10);
    for (int i = 0; i < SLOTS; i++)
        c.buffer[i] = guard_place(g, i, NAME[i], i == X ? data : NULL, c.count[i], where);
    return c;
}

/* Message NULL: all is well. */
static void expect(struct guard *g, void (*kernel)(void *), void *context, const char *what,
                   const char *wanted)
{
    char message[GUARD_MESSAGE] = "";
    const bool well = guard_call(g, kernel, context, message);
    if (well != !wanted || strcmp(message, wanted ? wanted : ""))
        fail_msg("%s: %s '%s', expected '%s'", what, well ? "passed" : "caught", message,
                 wanted ? wanted : "to pass");
}

static void one_element_astray_is_caught(void **state)
{
    (void)state;
    const struct {
        int access;
        enum slot slot;
        int at;
        enum placement where;
        const char *message;
    } table[] = {
        { READ, X, NX, PLACE_END, "touched x, 0 bytes past its end" },
        { READ, X, NX + 5, PLACE_END, "touched x, 20 bytes past its end" },
        { READ, X, -1, PLACE_START, "touched x, 4 bytes before its start" },
        { READ, Y, NY, PLACE_END, "touched y, 0 bytes past its end" },
        { READ, WORK, NWORK, PLACE_END, "touched the workspace, 0 bytes past its end" },
        { WRITE, Y, NY, PLACE_END, "touched y, 0 bytes past its end" },
        { WRITE, Y, NY, PLACE_START, "wrote to y, 0 bytes past its end" },
        { WRITE, Y, NY + 7, PLACE_START, "wrote to y, 28 bytes past its end" },
        { WRITE, Y, -1, PLACE_START, "touched y, 4 bytes before its start" },
        { WRITE, Y, -1, PLACE_END, "wrote to y, 4 bytes before its start" },
        { WRITE, Y, -9, PLACE_END, "wrote to y, 36 bytes before its start" },
        { WRITE, WORK, NWORK, PLACE_END, "touched the workspace, 0 bytes past its end" },
        { WRITE, WORK, NWORK, PLACE_START, "wrote to the workspace, 0 bytes past its end" },
        { WRITE, X, 0, PLACE_START, "wrote to the input x, byte 0" },
        { WRITE, X, 3, PLACE_END, "wrote to the input x, byte 12" },
        { WRITE, X, NX - 1, PLACE_START, "wrote to the input x, byte 396" },
        { WRITE, X, NX, PLACE_START, "touched x, 0 bytes past its end" },
        { WRITE, X, -1, PLACE_END, "touched x, 4 bytes before its start" },
        /* Reads within a page go unseen, which is why a buffer is tried at both of its places. */
        { READ, X, NX, PLACE_START, NULL },
        { READ, X, -1, PLACE_END, NULL },
    };
    struct guard *g = guard_create();
    for (size_t i = 0; i < COUNT(table); i++) {
        struct call c = lay_out(g, table[i].where, NX, NY, NWORK);
        char what[64];
        c.access = table[i].access;
        c.touched = c.buffer[table[i].slot] + table[i].at;
        snprintf(what, sizeof what, "%s %s[%d] at the %s", c.access == READ ? "reading" : "writing",
                 NAME[table[i].slot], table[i].at, placement_name[table[i].where]);
        expect(g, work_and_touch, &c, what, table[i].message);
        /* A fault leaves a guard that works. */
        c = lay_out(g, table[i].where, NX, NY, NWORK);
        expect(g, work_and_touch, &c, "the next call", NULL);
    }
    guard_destroy(g);
}

/* An input that an output lies over is guarded as an output. */
static void a_shared_input_may_be_written_and_no_more(void **state)
{
    (void)state;
    static const struct {
        int at;
        enum placement where;
        const char *message;
    } table[] = {
        { 0, PLACE_START, NULL },
        { NX - 1, PLACE_END, NULL },
        { -1, PLACE_START, "touched x, 4 bytes before its start" },
        { -1, PLACE_END, "wrote to x, 4 bytes before its start" },
        { NX, PLACE_START, "wrote to x, 0 bytes past its end" },
        { NX, PLACE_END, "touched x, 0 bytes past its end" },
    };
    struct guard *g = guard_create();
    for (size_t i = 0; i < COUNT(table); i++) {
        struct call c = lay_out(g, table[i].where, NX, NY, NWORK);
        assert_ptr_equal(guard_share(g, X), c.buffer[X]);
        c.access = WRITE;
        c.touched = c.buffer[X] + table[i].at;
        expect(g, work_and_touch, &c, "a shared input", table[i].message);
    }
    guard_destroy(g);
}

static void every_buffer_is_guarded(void **state)
{
    (void)state;
    struct guard *g = guard_create();
    for (int slot = 0; slot < GUARD_BUFFERS; slot++) {
        struct call c = { .access = WRITE };
        c.touched = guard_place(g, slot, "it", NULL, NY, PLACE_END) - 1;
        expect(g, work_and_touch, &c, "one of all", "wrote to it, 4 bytes before its start");
        guard_place(g, slot, "it", NULL, NY, PLACE_END);
    }
    guard_destroy(g);
}

static void load_a_vector(void *context)
{
    struct call *c = context;
    float lane[16]; /* of which only the first is there */
    memcpy(lane, (const float *)c->buffer[X] + c->count[X] - 1, sizeof lane);
    c->seen = lane[15];
}

static void a_vector_over_the_end_is_caught(void **state)
{
    (void)state;
    char message[GUARD_MESSAGE] = "";
    int distance = -1;
    struct guard *g = guard_create();
    struct call c = lay_out(g, PLACE_END, NX, NY, NWORK);
    assert_false(guard_call(g, load_a_vector, &c, message));
    assert_int_equal(sscanf(message, "touched x, %d bytes past its end", &distance), 1);
    assert_in_range(distance, 0, 63);
    guard_destroy(g);
}

/* One float past the end or before the start of x or y, in buffers of n floats. */
static void touch_beside(struct guard *g, size_t n, enum placement where, enum slot slot, bool end)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const bool tight = n * sizeof(float) % page == 0 || end == (where == PLACE_END);
    struct call c = lay_out(g, where, n, n, n);
    char what[64], message[64];
    if (slot == X && !tight)
        return;
    c.access = slot == X ? READ : WRITE;
    c.touched = end ? c.buffer[slot] + n : c.buffer[slot] - 1;
    snprintf(what, sizeof what, "%zu floats at the %s", n, placement_name[where]);
    snprintf(message, sizeof message, "%s %s, %s", tight ? "touched" : "wrote to", NAME[slot],
             end ? "0 bytes past its end" : "4 bytes before its start");
    expect(g, work_and_touch, &c, what, message);
}

static void every_size_is_tight_and_poisoned(void **state)
{
    (void)state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), floats = page / sizeof(float);
    const size_t counts[] = { 0, 1, floats - 1, floats, floats + 1, 2 * floats, 1, 0, 3 * floats };
    struct guard *g = guard_create();
    for (size_t i = 0; i < 2 * COUNT(counts); i++) {
        const size_t n = counts[i / 2];
        const enum placement where = i % 2 ? PLACE_END : PLACE_START;
        struct call c = lay_out(g, where, n, n, n);
        for (int k = 0; k < SLOTS; k++)
            assert_int_equal((uintptr_t)(c.buffer[k] + (where == PLACE_END ? n : 0)) % page, 0);
        assert_true(n == 0 || guard_is_poison(c.buffer[WORK][n - 1]));
        c.count[Y] = n / 2; /* so much of it the kernel writes: the rest keeps its poison */
        expect(g, work_and_touch, &c, "nothing astray", NULL);
        for (size_t k = 0; k < n; k++)
            assert_true(c.buffer[X][k] == (float)(k % 10) && !guard_is_poison(c.buffer[WORK][k]) &&
                        guard_is_poison(c.buffer[Y][k]) == (k >= n / 2));
        for (int k = 0; k < 4; k++)
            touch_beside(g, n, where, k < 2 ? X : Y, k % 2);
    }
    guard_destroy(g);
}

static void round_up(void *context) { (void)context, fesetround(FE_UPWARD); }
static void raise_flags(void *context) { (void)context, feraiseexcept(FE_INEXACT | FE_OVERFLOW); }
#ifdef __x86_64__
static void flip(unsigned bits) { __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() ^ bits); }
static void flush_results(void *context) { (void)context, flip(0x8000); }
static void flush_operands(void *context) { (void)context, flip(0x0040); }
static void unmask(void *context) { (void)context, flip(0x0200); }
#ifdef __GLIBC__
static void narrow_x87(void *context) /* what long double is computed with */
{
    fenv_t env;
    (void)context;
    fegetenv(&env);
    env.__control_word ^= 0x0300;
    fesetenv(&env);
}
#endif
static void flush_and_fault(void *context) { flip(0x8040), work_and_touch(context); }
#endif

static void a_changed_environment_is_caught_and_put_right(void **state)
{
    (void)state;
    const char *const changed = "left the floating-point environment changed";
    struct guard *g = guard_create();
    expect(g, round_up, NULL, "rounding", changed);
    assert_int_equal(fegetround(), FE_TONEAREST);
    expect(g, raise_flags, NULL, "flags alone", NULL);
#ifdef __x86_64__
    const unsigned before = __builtin_ia32_stmxcsr() & ~0x3fu;
    expect(g, flush_results, NULL, "flush to zero", changed);
    expect(g, flush_operands, NULL, "denormals are zero", changed);
    expect(g, unmask, NULL, "a mask", changed);
#ifdef __GLIBC__
    expect(g, narrow_x87, NULL, "the precision of x87", changed);
#endif
    struct call c = lay_out(g, PLACE_END, NX, NY, NWORK);
    c.touched = c.buffer[X] + NX;
    expect(g, flush_and_fault, &c, "flush, then fault", "touched x, 0 bytes past its end");
    assert_int_equal(__builtin_ia32_stmxcsr() & ~0x3fu, before);
#endif
    guard_destroy(g);
}

static void raise_it(void *context) { raise(*(int *)context); }

static void other_faults_are_caught(void **state)
{
    (void)state;
    int signals[] = { SIGILL, SIGFPE, SIGBUS, SIGSEGV };
    struct guard *g = guard_create();
    struct call c = lay_out(g, PLACE_END, NX, NY, NWORK);
    char message[128];
    for (size_t i = 0; i < COUNT(signals); i++) {
        snprintf(message, sizeof message, "%s at an address of no buffer", strsignal(signals[i]));
        expect(g, raise_it, &signals[i], "a signal", message);
        expect(g, work_and_touch, &c, "the next call", NULL);
    }
    c.touched = mmap(NULL, sizeof *c.touched, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(g, work_and_touch, &c, "a page of nobody", message);
    munmap((void *)c.touched, sizeof *c.touched);
    guard_destroy(g);
}

static void give_up(void *context) { (void)context, abort(); }

/* Also the second time. */
static void an_abort_is_caught(void **state)
{
    (void)state;
    struct guard *g = guard_create();
    struct call c = lay_out(g, PLACE_END, NX, NY, NWORK);
    char message[128];
    snprintf(message, sizeof message, "%s: it called abort(), or the C library did so for it",
             strsignal(SIGABRT));
    for (int i = 0; i < 2; i++) {
        expect(g, give_up, NULL, "abort()", message);
        expect(g, work_and_touch, &c, "the next call", NULL);
    }
    guard_destroy(g);
}

static void a_fault_of_the_harness_itself_is_not_swallowed(void **state)
{
    (void)state;
    static const int signals[] = { SIGSEGV, SIGFPE };
    for (size_t i = 0; i < COUNT(signals); i++) {
        int status = 0;
        const pid_t child = fork();
        if (child == 0) {
            struct guard *g = guard_create();
            struct call c = lay_out(g, PLACE_END, NX, NY, NWORK);
            expect(g, work_and_touch, &c, "a call", NULL);
            if (signals[i] == SIGSEGV)
                *c.buffer[X] = 1.0f; /* outside a call */
            raise(signals[i]);
            _exit(0);
        }
        assert_true(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
    }
}

enum { THREADS = 4, FAULTS = 4000 };

/* Faults at one place after another, while others do; returns how many were described rightly. */
static void *fault_often(void *barrier)
{
    long right = 0;
    struct guard *g = guard_create();
    pthread_barrier_wait(barrier);
    for (int i = 0; i < FAULTS; i++) {
        char message[GUARD_MESSAGE], wanted[GUARD_MESSAGE];
        const float data[NX] = { 0.0f };
        struct call c = { .count = { NX } };
        c.buffer[X] = guard_place(g, X, "x", data, NX, PLACE_END);
        c.touched = c.buffer[X] + NX + i % 900;
        snprintf(wanted, sizeof wanted, "touched x, %d bytes past its end", 4 * (i % 900));
        right += !guard_call(g, work_and_touch, &c, message) && !strcmp(message, wanted);
    }
    guard_destroy(g);
    return (void *)right;
}

static void threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    pthread_t thread[THREADS];
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_false(pthread_create(&thread[i], NULL, fault_often, &barrier));
    for (int i = 0; i < THREADS; i++) {
        void *right;
        assert_false(pthread_join(thread[i], &right) || (long)right != FAULTS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_element_astray_is_caught),
        cmocka_unit_test(a_shared_input_may_be_written_and_no_more),
        cmocka_unit_test(every_buffer_is_guarded),
        cmocka_unit_test(a_vector_over_the_end_is_caught),
        cmocka_unit_test(every_size_is_tight_and_poisoned),
        cmocka_unit_test(a_changed_environment_is_caught_and_put_right),
        cmocka_unit_test(other_faults_are_caught),
        cmocka_unit_test(an_abort_is_caught),
        cmocka_unit_test(a_fault_of_the_harness_itself_is_not_swallowed),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
