/* lanes.h - the words of vec.h that move values from lane to lane, in every dialect.
 *
 * vec_fold<n> takes groups of 2n lanes in both vectors and adds the second half of each group to
 * the first; the sums of a fill one half of the result and those of b the other, group beside
 * group. */
#if defined(ISA_avx512)
#include "fast/isa/lanes_avx512.h"
#elif defined(ISA_avx2)
#include "fast/isa/lanes_avx2.h"
#elif defined(ISA_neon)
#include "fast/isa/lanes_neon.h"
#else
#include "fast/isa/lanes_scalar.h"
#endif
