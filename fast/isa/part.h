/* part.h - the register that a vector is made of: for sums that are kept lane by lane.
 *
 * Where a tile of sums needs more vectors than there are registers, it may still have room for one
 * part of each: PARTS of them make a vector, PART_LANES lanes each. A loop over the parts does the
 * same, lane by lane, as one over whole vectors.
 *
 *   part_zero part_load part_load_n part_store part_fma part_hold     as the words of vec.h
 *   part_quarters(p, a, b, c, d)     only where it is defined: stores v_quarters of the four
 */
#if defined(ISA_avx2)
#include "fast/isa/part_avx2.h"
#elif defined(ISA_neon)
#include "fast/isa/part_neon.h"
#else
#include "fast/isa/part_whole.h"
#endif
