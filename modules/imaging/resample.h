// Separable resampling of RGBA pixels: the loops in which resizing spends its time.
#ifndef OPAL_RESAMPLE_H
#define OPAL_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

// Fixed point: a sample has 12 bits, 4 below the stored 8, so that two passes
// don't round twice; a weight has 14. A sum of weights of at most 1.7 in absolute
// value then fits into 31 bits.
enum { OPAL_SAMPLE_SHIFT = 4, OPAL_WEIGHT_BITS = 14, OPAL_TAPS_STEP = 4 };

// opal_samples_room returns how many samples the scratch of opal_resample holds, for
// rows of width pixels and ny taps along columns.
size_t opal_samples_room(int width, int ny);

// opal_resample makes rows from..to of a picture of out_width pixels.
//
// src holds width * height RGBA pixels, rows stride bytes apart, which are averaged
// over kx * ky first. Output x is the sum over k of wx[x*step+k] times input fx[x]+k,
// where step is nx rounded up to OPAL_TAPS_STEP and the weights beyond nx are 0; wy
// and fy likewise, along columns. dst is row 0 of the result. plain leaves out the processor's wider instructions. scratch is
// the caller's: no memory is kept. The colour of a wholly transparent pixel is black.
void opal_resample(const uint8_t *src, int width, int height, size_t stride, int kx, int ky,
	const int32_t *fx, const int16_t *wx, int nx, int out_width,
	const int32_t *fy, const int16_t *wy, int ny, int from, int to,
	uint8_t *dst, size_t dst_stride, int16_t *scratch, int plain);

// opal_opaque returns whether the alpha of each of count RGBA pixels is 255.
int opal_opaque(const uint8_t *pixels, size_t count);

// opal_widen writes pixels of three bytes as opaque pixels of four. plain leaves out the
// processor's wider instructions.
void opal_widen(const uint8_t *in, size_t count, uint8_t *out, int plain);

// opal_narrow writes pixels of four bytes without their last.
void opal_narrow(const uint8_t *in, size_t count, uint8_t *out, int plain);

#endif
