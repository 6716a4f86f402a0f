/* lanes.h - the words of vec.h that move values from lane to lane, in every dialect.
 *
 * vec_low<n> and vec_high<n> take groups of 2n lanes in both vectors, and the first or the second
 * half of each: those of a fill one half of the result, or of each four lanes where n < 4, and
 * those of b the other. */
#if defined(ISA_avx512)
#include "fast/isa/lanes_avx512.h"
#elif defined(ISA_avx2)
#include "fast/isa/lanes_avx2.h"
#elif defined(ISA_neon)
#include "fast/isa/lanes_neon.h"
#else
#include "fast/isa/lanes_scalar.h"
#endif
