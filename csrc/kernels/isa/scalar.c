/* scalar.c: portable C for any CPU, and the table every other is held against. fma() comes from the C library, which
 * emulates it where the CPU has none: slow, and the same bits.
 *
 * The tile is small because its registers are whatever the compiler makes of it. */
#define ISA scalar
#define ISA_FEATURES 0
#define VECTOR_BYTES 16
#define TILE_ROWS 4
#define TILE_VECTORS 2

#include "kernels/simd.inc.h"

#include "kernels/instantiate.inc.h"
