#include "fast/probe.h"
#include "fast/vec.h"

/* More than the units' latency asks for, and few enough that compilers keep them in registers. */
enum { CHAINS = V_ACCUMULATORS < 12 ? V_ACCUMULATORS : 12 };

static float multiply_add(long rounds)
{
    const v factor = v_set1(0.5f), term = v_set1(1.0f);
    v sum[CHAINS];
    for (int c = 0; c < CHAINS; c++)
        sum[c] = v_set1((float)c);
    for (long i = 0; i < rounds; i++)
        for (int c = 0; c < CHAINS; c++)
            sum[c] = v_fma(sum[c], factor, term);
    for (int c = 1; c < CHAINS; c++)
        sum[0] = v_add(sum[0], sum[c]);
    return v_sum(sum[0]);
}

/* Reads x[from .. to). Four sums, so that their latency does not count. */
static v read_range(const float *x, size_t from, size_t to, v sum)
{
    v more[4] = { sum, v_set1(0.0f), v_set1(0.0f), v_set1(0.0f) };
    for (; from + 64 <= to; from += 64)
        for (int k = 0; k < 4; k++)
            more[k] = v_add(more[k], v_load(x + from + 16 * k));
    for (; from < to; from += 16)
        more[0] = v_add(more[0], v_load_n(x + from, (int)(to - from)));
    return v_add(v_add(more[0], more[1]), v_add(more[2], more[3]));
}

static void write_range(float *y, size_t from, size_t to, v value)
{
    for (; from + 16 <= to; from += 16)
        v_store(y + from, value);
    if (from < to)
        v_store_n(y + from, value, (int)(to - from));
}

/* In as many steps as there are blocks in the longest array, each array advances by its part. */
static float traffic(const float *const *in, float *const *out, const size_t *count)
{
    enum { BLOCK = 512 };
    size_t longest = 0, arrays = 0, outputs = 0;
    while (in[arrays])
        arrays++;
    while (out[outputs])
        outputs++;
    for (size_t a = 0; a < arrays + outputs; a++)
        longest = count[a] > longest ? count[a] : longest;
    const size_t steps = (longest + BLOCK - 1) / BLOCK;
    const v value = v_set1(1.0f);
    v sum = v_set1(0.0f);
    for (size_t i = 0; i < steps; i++) {
        for (size_t a = 0; a < arrays; a++)
            sum = read_range(in[a], count[a] * i / steps, count[a] * (i + 1) / steps, sum);
        for (size_t a = 0; a < outputs; a++)
            write_range(out[a], count[arrays + a] * i / steps,
                        count[arrays + a] * (i + 1) / steps, value);
    }
    return v_sum(sum);
}

const struct probe FAST_TABLE(probe) = { multiply_add, CHAINS, traffic };
