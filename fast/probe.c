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

static float operate(long rounds)
{
    const vi bits = i_set1(1);
    v x[CHAINS];
    for (int c = 0; c < CHAINS; c++)
        x[c] = v_set1((float)c);
    for (long i = 0; i < rounds; i++)
        for (int c = 0; c < CHAINS; c++) /* held, or two of them would be none */
            x[c] = v_hold(v_from_bits(i_xor(v_bits(x[c]), bits)));
    for (int c = 1; c < CHAINS; c++)
        x[0] = v_add(x[0], x[c]);
    return v_sum(x[0]);
}

static float divide(long rounds)
{
    const v one = v_set1(1.0f);
    v x[CHAINS];
    for (int c = 0; c < CHAINS; c++)
        x[c] = v_set1((float)(c + 2));
    for (long i = 0; i < rounds; i++)
        for (int c = 0; c < CHAINS; c++)
            x[c] = v_div(one, x[c]);
    for (int c = 1; c < CHAINS; c++)
        x[0] = v_add(x[0], x[c]);
    return v_sum(x[0]);
}

enum { ABREAST = V_ACCUMULATORS < 12 ? 4 : 16, STEP = 16 * ABREAST };

/* Whole vectors of I inputs and O outputs, from the same place of each. Four sums, so that their
 * latency does not count; several vectors are read before as many are written, since cores change
 * from one to the other at a cost. I and O are constants where this is called. */
INLINED v stream(const float *const *in, float *const *out, size_t count, const int I, const int O)
{
    const v value = v_hold(v_set1(1.0f)); /* held, or it becomes a call of memset */
    v sum[4] = { value, value, value, value };
    size_t k = 0;
    for (; k + STEP <= count; k += STEP) {
        UNROLL
        for (int i = 0; i < I; i++)
            UNROLL
            for (int u = 0; u < ABREAST; u++)
                sum[u % 4] = v_add(sum[u % 4], v_load(in[i] + k + 16 * u));
        UNROLL
        for (int o = 0; o < O; o++)
            UNROLL
            for (int u = 0; u < ABREAST; u++)
                v_store(out[o] + k + 16 * u, value);
    }
    for (; k < count; k += 16) {
        UNROLL
        for (int i = 0; i < I; i++)
            sum[i] = v_add(sum[i], v_load(in[i] + k));
        UNROLL
        for (int o = 0; o < O; o++)
            v_store(out[o] + k, value);
    }
    return v_add(v_add(sum[0], sum[1]), v_add(sum[2], sum[3]));
}

static v stream_some(const float *const *in, int inputs, float *const *out, int outputs,
                     size_t count)
{
    switch (4 * inputs + outputs) {
    case 4 * 0 + 1: return stream(in, out, count, 0, 1);
    case 4 * 0 + 2: return stream(in, out, count, 0, 2);
    case 4 * 0 + 3: return stream(in, out, count, 0, 3);
    case 4 * 1 + 0: return stream(in, out, count, 1, 0);
    case 4 * 1 + 1: return stream(in, out, count, 1, 1);
    case 4 * 1 + 2: return stream(in, out, count, 1, 2);
    case 4 * 1 + 3: return stream(in, out, count, 1, 3);
    case 4 * 2 + 0: return stream(in, out, count, 2, 0);
    case 4 * 2 + 1: return stream(in, out, count, 2, 1);
    case 4 * 2 + 2: return stream(in, out, count, 2, 2);
    case 4 * 2 + 3: return stream(in, out, count, 2, 3);
    case 4 * 3 + 0: return stream(in, out, count, 3, 0);
    case 4 * 3 + 1: return stream(in, out, count, 3, 1);
    case 4 * 3 + 2: return stream(in, out, count, 3, 2);
    default: return stream(in, out, count, 3, 3);
    }
}

/* Three inputs and three outputs at most side by side, until the shortest of them ends; then the
 * next. What is less than a vector is left out. */
static float traffic(const float *const *in, float *const *out, const size_t *count)
{
    size_t done[PROBE_ARRAYS] = { 0 };
    int inputs = 0, outputs = 0;
    v sum = v_set1(0.0f);
    while (in[inputs])
        inputs++;
    while (out[outputs])
        outputs++;
    for (;;) {
        const float *from[3];
        float *to[3];
        int reads = 0, writes = 0, part[6];
        size_t step = SIZE_MAX;
        for (int a = 0; a < inputs + outputs; a++) {
            const size_t left = (count[a] - done[a]) / 16 * 16;
            if (left == 0 || (a < inputs ? reads : writes) == 3)
                continue;
            part[reads + writes] = a;
            if (a < inputs)
                from[reads++] = in[a] + done[a];
            else
                to[writes++] = out[a - inputs] + done[a];
            step = left < step ? left : step;
        }
        if (reads + writes == 0)
            return v_sum(sum);
        sum = v_add(sum, stream_some(from, reads, to, writes, step));
        for (int k = 0; k < reads + writes; k++)
            done[part[k]] += step;
    }
}

const struct probe FAST_TABLE(probe) = { multiply_add, operate, divide, CHAINS, traffic };
