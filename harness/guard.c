#include "harness/guard.h"

#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *const placement_name[PLACEMENTS] = { "start", "end" };

static const uint32_t poison = 0x7fa5a5a5; /* exponent all ones, quiet bit clear */
static const int fault[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
enum { PATTERN = 0x5c, FAULTS = sizeof fault / sizeof *fault };

struct buffer {
    const char *name;
    char *map;        /* a page that is never mapped, `pages` bytes, and another such page */
    size_t pages;
    char *data;
    size_t bytes;
    bool writable;
};

struct guard {
    size_t page;
    int raised;   /* by the last call */
    size_t apart; /* bytes between a buffer and its page's edge */
    struct buffer buffer[GUARD_BUFFERS];
};

/* Where a fault of this thread goes, while a kernel runs. */
static _Thread_local sigjmp_buf *landing;
static _Thread_local char *fault_address;
static _Thread_local int fault_signal;

static void on_fault(int signal_number, siginfo_t *info, void *unused)
{
    (void)unused;
    if (landing) {
        fault_address = info->si_addr;
        fault_signal = signal_number;
        siglongjmp(*landing, 1);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void out_of_memory(void)
{
    fprintf(stderr, "cnncheck: no memory for guarded buffers\n");
    exit(2);
}

/* Rounding, flush-to-zero and masks, without the flags that arithmetic may raise. */
static unsigned environment(void)
{
    fenv_t env;
    fegetenv(&env);
#if defined __x86_64__ && defined __GLIBC__
    return (env.__mxcsr & ~0x3fu) ^ (unsigned)env.__control_word << 16;
#elif defined __aarch64__ && defined __GLIBC__
    return (unsigned)env.__fpcr;
#else
    return (unsigned)fegetround();
#endif
}

struct guard *guard_create(void)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
    struct guard *g = calloc(1, sizeof *g);
    if (!g)
        out_of_memory();
    g->page = (size_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < FAULTS; i++)
        sigaction(fault[i], &action, NULL);
    return g;
}

static void unmap(const struct guard *g, struct buffer *b)
{
    if (b->map)
        munmap(b->map, b->pages + 2 * g->page);
    b->map = NULL;
    b->pages = 0;
}

void guard_destroy(struct guard *g)
{
    for (int i = 0; i < GUARD_BUFFERS; i++)
        unmap(g, &g->buffer[i]);
    free(g);
}

void guard_keep_apart(struct guard *g, int floats)
{
    g->apart = sizeof(float) * (size_t)floats;
}

float *guard_place(struct guard *g, int slot, const char *name, const float *data, size_t count,
                   enum placement where)
{
    struct buffer *b = &g->buffer[slot];
    const size_t bytes = count * sizeof *data;
    const size_t pages = (bytes + g->apart + g->page - 1) / g->page * g->page;
    if (b->pages != pages || !b->map) {
        unmap(g, b);
        b->map = mmap(NULL, pages + 2 * g->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (b->map == MAP_FAILED)
            out_of_memory();
        b->pages = pages;
    }
    char *first = b->map + g->page;
    if (pages && mprotect(first, pages, PROT_READ | PROT_WRITE))
        out_of_memory();
    memset(first, PATTERN, pages);
    b->name = name;
    b->data = where == PLACE_START ? first + g->apart : first + pages - g->apart - bytes;
    b->bytes = bytes;
    b->writable = !data;
    if (data) {
        memcpy(b->data, data, bytes);
        mprotect(first, pages, PROT_READ);
    } else {
        for (size_t i = 0; i < count; i++)
            memcpy(b->data + i * sizeof poison, &poison, sizeof poison);
    }
    return (float *)(void *)b->data;
}

float *guard_share(struct guard *g, int slot)
{
    struct buffer *b = &g->buffer[slot];
    if (b->pages && mprotect(b->map + g->page, b->pages, PROT_READ | PROT_WRITE))
        out_of_memory();
    b->writable = true;
    return (float *)(void *)b->data;
}

/* Says what a fault was: which buffer it belongs to, and how far beside it. */
static void describe_fault(const struct guard *g, char message[GUARD_MESSAGE])
{
    if (fault_signal == SIGABRT) { /* it has a sender, and no address */
        snprintf(message, GUARD_MESSAGE, "%s: it called abort(), or the C library did so for it",
                 strsignal(SIGABRT));
        return;
    }
    snprintf(message, GUARD_MESSAGE, "%s at an address of no buffer", strsignal(fault_signal));
    for (int i = 0; i < GUARD_BUFFERS; i++) {
        const struct buffer *b = &g->buffer[i];
        if (!b->map || fault_address < b->map ||
            fault_address >= b->map + b->pages + 2 * g->page)
            continue;
        if (fault_address < b->data)
            snprintf(message, GUARD_MESSAGE, "touched %s, %td bytes before its start", b->name,
                     b->data - fault_address);
        else if (fault_address >= b->data + b->bytes)
            snprintf(message, GUARD_MESSAGE, "touched %s, %td bytes past its end", b->name,
                     fault_address - (b->data + b->bytes));
        else
            snprintf(message, GUARD_MESSAGE, "wrote to the input %s, byte %td", b->name,
                     fault_address - b->data);
    }
}

/* Whether everything around a writable buffer is as it was laid out. */
static bool surroundings_kept(const struct guard *g, const struct buffer *b,
                              char message[GUARD_MESSAGE])
{
    const char *first = b->map + g->page;
    for (const char *p = first; b->writable && p < first + b->pages; p++) {
        if (p == b->data)
            p += b->bytes;
        if (p < first + b->pages && *p != PATTERN) {
            if (p < b->data)
                snprintf(message, GUARD_MESSAGE, "wrote to %s, %td bytes before its start",
                         b->name, b->data - p);
            else
                snprintf(message, GUARD_MESSAGE, "wrote to %s, %td bytes past its end", b->name,
                         p - (b->data + b->bytes));
            return false;
        }
    }
    return true;
}

bool guard_call(struct guard *g, void (*call)(void *context), void *context,
                char message[GUARD_MESSAGE])
{
    sigjmp_buf here;
    fenv_t saved;
    fegetenv(&saved);
    const unsigned before = environment();
    fault_signal = 0;
    feclearexcept(FE_ALL_EXCEPT);
    if (sigsetjmp(here, 0) == 0) { /* no mask is kept: the handler blocks nothing */
        landing = &here;
        call(context);
    }
    landing = NULL;
    g->raised = fetestexcept(FE_ALL_EXCEPT);
    const unsigned after = environment();
    fesetenv(&saved);
    if (fault_signal) {
        describe_fault(g, message);
        return false;
    }
    if (after != before) {
        snprintf(message, GUARD_MESSAGE, "left the floating-point environment changed");
        return false;
    }
    for (int i = 0; i < GUARD_BUFFERS; i++)
        if (g->buffer[i].map && !surroundings_kept(g, &g->buffer[i], message))
            return false;
    return true;
}

int guard_raised(const struct guard *g)
{
    return g->raised;
}

bool guard_is_poison(float x)
{
    return !memcmp(&x, &poison, sizeof x);
}
