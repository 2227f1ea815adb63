#include "resample.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define OPAL_AVX2 1
#include <immintrin.h>
#endif

// Go's flags ask for -O2, at which older compilers leave loops as they are written.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

typedef uint32_t quad __attribute__((vector_size(16)));
typedef uint8_t bytes4 __attribute__((vector_size(4)));

enum { MARGIN = 16 }; // pixels beyond a row's end that wide loads may read

static int rounded(int n) { return (n + OPAL_TAPS_STEP - 1) / OPAL_TAPS_STEP * OPAL_TAPS_STEP; }

static size_t row_room(int width) { return 4 * ((size_t)width + MARGIN); }

// The last rows of samples, the filtered row, and where sums of pixels are averaged, four
// sums of 32 bits for a pixel.
size_t opal_samples_room(int width, int ny) { return row_room(width) * (ny + 3); }

static quad wide(const uint8_t *p) {
	bytes4 b;
	memcpy(&b, p, 4);
	return __builtin_convertvector(b, quad);
}

// samples are a picture's pixels as 12-bit samples, premultiplied and averaged.
struct samples {
	const uint8_t *src;
	int width, height;
	size_t stride;
	int kx, ky;
	int columns; // after averaging; the last one may average fewer pixels
};

static void premultiply(const uint8_t *in, int16_t *sample) {
	uint32_t a = in[3];
	for (int c = 0; c < 3; c++)
		sample[c] = (int16_t)((in[c] * a * (1 << OPAL_SAMPLE_SHIFT) + 127) / 255);
	sample[3] = (int16_t)(a << OPAL_SAMPLE_SHIFT);
}

// Rows are looked at when they are used, and then in the processor's cache: to look at the whole
// picture before took as long as a fifth of the filtering.
static void fill_plain(const struct samples *s, const uint8_t *in, int16_t *row) {
	if (opal_opaque(in, s->width)) {
		for (size_t i = 0; i < 4 * (size_t)s->width; i++)
			row[i] = (int16_t)(in[i] << OPAL_SAMPLE_SHIFT);
		return;
	}
	for (int x = 0; x < s->width; x++, in += 4, row += 4)
		premultiply(in, row);
}

#ifdef OPAL_AVX2

// Premultiplied samples are (16 v a + 127) / 255, whose fraction is at least 1/510 away from
// the next whole number with a half added to the dividend: single precision finds the same.
__attribute__((target("avx2"))) static __m256i premultiplied(__m128i products) {
	const __m256 half = _mm256_set1_ps(0.5f), reciprocal = _mm256_set1_ps(1 / 255.0f);
	__m256i n = _mm256_add_epi32(_mm256_slli_epi32(_mm256_cvtepu16_epi32(products), OPAL_SAMPLE_SHIFT), _mm256_set1_epi32(127));
	return _mm256_cvttps_epi32(_mm256_mul_ps(_mm256_add_ps(_mm256_cvtepi32_ps(n), half), reciprocal));
}

__attribute__((target("avx2"))) static void fill_avx2(const struct samples *s, const uint8_t *in, int16_t *row) {
	const __m128i alphas = _mm_setr_epi8(6, 7, 6, 7, 6, 7, -1, -1, 14, 15, 14, 15, 14, 15, -1, -1);
	const __m128i whole = _mm_setr_epi16(0, 0, 0, 255, 0, 0, 0, 255);
	if (opal_opaque(in, s->width)) {
		fill_plain(s, in, row);
		return;
	}
	int x = 0;
	for (; x + 2 <= s->width; x += 2, in += 8, row += 8) {
		uint64_t two;
		memcpy(&two, in, 8);
		__m128i v = _mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long)two));
		__m256i all = premultiplied(_mm_mullo_epi16(v, _mm_or_si128(_mm_shuffle_epi8(v, alphas), whole)));
		_mm_storeu_si128((__m128i *)row, _mm_packus_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1)));
	}
	if (x < s->width)
		premultiply(in, row);
}

#endif

static void fill_averaged(const struct samples *s, int y, int16_t *row, quad *sums) {
	int first = y * s->ky, last = first + s->ky < s->height ? first + s->ky : s->height;
	memset(sums, 0, sizeof *sums * s->columns);
	int opaque = 1;
	for (int sy = first; sy < last && opaque; sy++)
		opaque = opal_opaque(s->src + sy * s->stride, s->width);
	for (int sy = first; sy < last; sy++) {
		const uint8_t *in = s->src + sy * s->stride, *end = in + 4 * (size_t)s->width;
		for (int x = 0; x < s->columns; x++) {
			quad sum = sums[x];
			for (int k = 0; k < s->kx && in < end; k++, in += 4) {
				quad p = wide(in);
				if (!opaque) {
					quad a = {in[3], in[3], in[3], 255};
					p *= a;
				}
				sum += p;
			}
			sums[x] = sum;
		}
	}
	float one = opaque ? 1 : 255;
	float full = (float)(s->kx * (last - first)), rest = (float)((s->width - (s->columns - 1) * s->kx) * (last - first));
	for (int x = 0; x < s->columns; x++) {
		float scale = (float)(1 << OPAL_SAMPLE_SHIFT) / (x == s->columns - 1 ? rest : full) / one;
		for (int c = 0; c < 4; c++)
			row[4 * x + c] = (int16_t)((float)sums[x][c] * scale + 0.5f);
	}
}

// down filters rows of samples along columns into one row of 12 bits and a sign.
static void down_plain(const int16_t *const *rows, const int16_t *weight, int n, size_t count, int16_t *out) {
	enum { BLOCK = 256 };
	int32_t sums[BLOCK];
	for (size_t at = 0; at < count; at += BLOCK) {
		size_t m = count - at < BLOCK ? count - at : BLOCK;
		for (size_t i = 0; i < m; i++)
			sums[i] = 1 << (OPAL_WEIGHT_BITS - 1);
		for (int k = 0; k < n; k++) {
			const int16_t *row = rows[k] + at;
			int32_t w = weight[k];
			for (size_t i = 0; i < m; i++)
				sums[i] += w * row[i];
		}
		for (size_t i = 0; i < m; i++)
			out[at + i] = (int16_t)(sums[i] >> OPAL_WEIGHT_BITS);
	}
}

enum { SHIFT = OPAL_WEIGHT_BITS + OPAL_SAMPLE_SHIFT };

static uint8_t to8(int32_t v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v); }

// straight divides a premultiplied sum by its alpha, also where the kernel swings above
// full alpha, or edges would glow.
static uint8_t straight(int32_t c, int32_t a) {
	int64_t v = ((int64_t)(c > 0 ? c : 0) * 255 + a / 2) / a;
	return (uint8_t)(v > 255 ? 255 : v);
}

// part writes a pixel that may be transparent in part from its premultiplied sums.
static void part(const int32_t sum[4], uint8_t *dst) {
	const int32_t half = 1 << (SHIFT - 1);
	int32_t a = sum[3];
	uint8_t alpha = to8((a + half) >> SHIFT);
	for (int c = 0; c < 3; c++)
		dst[c] = alpha == 0 ? 0 : a == 255 << SHIFT ? to8((sum[c] + half) >> SHIFT) : straight(sum[c], a);
	dst[3] = alpha;
}

static void along_plain(const int16_t *row, const int32_t *first, const int16_t *weight, int n, int count, uint8_t *dst) {
	int step = rounded(n);
	for (int x = 0; x < count; x++, weight += step, dst += 4) {
		const int16_t *s = row + 4 * (size_t)first[x];
		int32_t sum[4] = {0, 0, 0, 0};
		for (int k = 0; k < n; k++, s += 4)
			for (int c = 0; c < 4; c++)
				sum[c] += weight[k] * s[c];
		part(sum, dst);
	}
}

#ifdef OPAL_AVX2

// Integer sums have no order: these give exactly what the plain ones do.

__attribute__((target("avx2"))) static void down_avx2(const int16_t *const *rows, const int16_t *weight, int n, size_t count, int16_t *out) {
	const __m256i half = _mm256_set1_epi32(1 << (OPAL_WEIGHT_BITS - 1));
	for (size_t at = 0; at < count; at += 32) { // rows have a margin
		__m256i s0 = half, s1 = half, s2 = half, s3 = half;
		for (int k = 0; k < n; k += 2) {
			int other = k + 1 < n;
			const int16_t *a = rows[k] + at, *b = other ? rows[k + 1] + at : a;
			__m256i w = _mm256_set1_epi32((uint16_t)weight[k] | (uint32_t)(uint16_t)(other ? weight[k + 1] : 0) << 16);
			__m256i a0 = _mm256_loadu_si256((const __m256i *)a), a1 = _mm256_loadu_si256((const __m256i *)(a + 16));
			__m256i b0 = _mm256_loadu_si256((const __m256i *)b), b1 = _mm256_loadu_si256((const __m256i *)(b + 16));
			s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(_mm256_unpacklo_epi16(a0, b0), w));
			s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(_mm256_unpackhi_epi16(a0, b0), w));
			s2 = _mm256_add_epi32(s2, _mm256_madd_epi16(_mm256_unpacklo_epi16(a1, b1), w));
			s3 = _mm256_add_epi32(s3, _mm256_madd_epi16(_mm256_unpackhi_epi16(a1, b1), w));
		}
		s0 = _mm256_packs_epi32(_mm256_srai_epi32(s0, OPAL_WEIGHT_BITS), _mm256_srai_epi32(s1, OPAL_WEIGHT_BITS));
		s2 = _mm256_packs_epi32(_mm256_srai_epi32(s2, OPAL_WEIGHT_BITS), _mm256_srai_epi32(s3, OPAL_WEIGHT_BITS));
		_mm256_storeu_si256((__m256i *)(out + at), s0);
		_mm256_storeu_si256((__m256i *)(out + at + 16), s2);
	}
}

__attribute__((target("avx2"))) static void along_avx2(const int16_t *row, const int32_t *first, const int16_t *weight, int n, int count, uint8_t *dst) {
	const __m256i pairs = _mm256_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15, 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
	const __m256i spread = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
	const __m128i half = _mm_set1_epi32(1 << (SHIFT - 1));
	int step = rounded(n);
	for (int x = 0; x < count; x++, weight += step, dst += 4) {
		const int16_t *s = row + 4 * (size_t)first[x];
		__m256i sums = _mm256_setzero_si256();
		for (int k = 0; k < step; k += 4, s += 16) { // beyond n the weights are 0 and the row has a margin
			__m256i w = _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)(weight + k))), spread);
			__m256i p = _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)s), pairs);
			sums = _mm256_add_epi32(sums, _mm256_madd_epi16(p, w));
		}
		__m128i sum = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
		if (_mm_extract_epi32(sum, 3) != 255 << SHIFT) {
			int32_t all[4];
			_mm_storeu_si128((__m128i *)all, sum);
			part(all, dst);
			continue;
		}
		__m128i v = _mm_srai_epi32(_mm_add_epi32(sum, half), SHIFT);
		v = _mm_packus_epi16(_mm_packs_epi32(v, v), v);
		int32_t pixel = _mm_cvtsi128_si32(v);
		memcpy(dst, &pixel, 4);
	}
}

#endif

void opal_resample(const uint8_t *src, int width, int height, size_t stride, int kx, int ky,
	const int32_t *fx, const int16_t *wx, int nx, int out_width,
	const int32_t *fy, const int16_t *wy, int ny, int from, int to,
	uint8_t *dst, size_t dst_stride, int16_t *scratch, int plain) {
	void (*down)(const int16_t *const *, const int16_t *, int, size_t, int16_t *) = down_plain;
	void (*fill)(const struct samples *, const uint8_t *, int16_t *) = fill_plain;
	void (*along)(const int16_t *, const int32_t *, const int16_t *, int, int, uint8_t *) = along_plain;
#ifdef OPAL_AVX2
	if (!plain && __builtin_cpu_supports("avx2")) {
		fill = fill_avx2;
		down = down_avx2;
		along = along_avx2;
	}
#endif
	struct samples s = {src, width, height, stride, kx, ky, (width + kx - 1) / kx};
	size_t room = row_room(s.columns);
	int16_t *filtered = scratch + room * ny;
	quad *sums = (quad *)(((uintptr_t)(filtered + room) + 15) & ~(uintptr_t)15);
	int step = rounded(ny), next = 0; // the first row that is not there yet
	for (int y = from; y < to; y++) {
		const int16_t *rows[ny];
		for (int k = 0; k < ny; k++) {
			int at = fy[y] + k;
			rows[k] = scratch + room * (at % ny);
			if (at < next)
				continue;
			if (kx == 1 && ky == 1)
				fill(&s, src + at * stride, scratch + room * (at % ny));
			else
				fill_averaged(&s, at, scratch + room * (at % ny), sums);
			next = at + 1;
		}
		down(rows, wy + (size_t)y * step, ny, 4 * (size_t)s.columns, filtered);
		along(filtered, fx, wx, nx, out_width, dst + y * dst_stride);
	}
}

int opal_opaque(const uint8_t *pixels, size_t count) {
	enum { BLOCK = 4096 };
	uint32_t alpha = 0;
	uint8_t one[4] = {0, 0, 0, 255};
	memcpy(&alpha, one, 4);
	for (size_t at = 0; at < count; at += BLOCK) {
		size_t m = count - at < BLOCK ? count - at : BLOCK;
		uint32_t all = alpha;
		for (size_t i = 0; i < m; i++) {
			uint32_t p;
			memcpy(&p, pixels + 4 * (at + i), 4);
			all &= p;
		}
		if (all != alpha)
			return 0;
	}
	return 1;
}

static void widen_plain(const uint8_t *in, size_t count, uint8_t *out) {
	for (; count > 0; count--, in += 3, out += 4) {
		out[0] = in[0];
		out[1] = in[1];
		out[2] = in[2];
		out[3] = 255;
	}
}

#ifdef OPAL_AVX2

// Returns how many pixels it has done: each load reads beyond the four that it takes.
__attribute__((target("avx2"))) static size_t widen_avx2(const uint8_t *in, size_t count, uint8_t *out) {
	const __m128i apart = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1), alpha = _mm_set1_epi32((int)0xff000000);
	size_t done = 0;
	for (; done + 6 <= count; done += 4) {
		__m128i p = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(in + 3 * done)), apart);
		_mm_storeu_si128((__m128i *)(out + 4 * done), _mm_or_si128(p, alpha));
	}
	return done;
}

#endif

void opal_widen(const uint8_t *in, size_t count, uint8_t *out, int plain) {
	size_t done = 0;
#ifdef OPAL_AVX2
	if (!plain && __builtin_cpu_supports("avx2"))
		done = widen_avx2(in, count, out);
#endif
	widen_plain(in + 3 * done, count - done, out + 4 * done);
}

static void narrow_plain(const uint8_t *in, size_t count, uint8_t *out) {
	for (; count > 0; count--, in += 4, out += 3) {
		out[0] = in[0];
		out[1] = in[1];
		out[2] = in[2];
	}
}

#ifdef OPAL_AVX2

// Returns how many pixels it has done: each store writes beyond the four that it takes.
__attribute__((target("avx2"))) static size_t narrow_avx2(const uint8_t *in, size_t count, uint8_t *out) {
	const __m128i together = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
	size_t done = 0;
	for (; done + 6 <= count; done += 4) {
		__m128i p = _mm_loadu_si128((const __m128i *)(in + 4 * done));
		_mm_storeu_si128((__m128i *)(out + 3 * done), _mm_shuffle_epi8(p, together));
	}
	return done;
}

#endif

void opal_narrow(const uint8_t *in, size_t count, uint8_t *out, int plain) {
	size_t done = 0;
#ifdef OPAL_AVX2
	if (!plain && __builtin_cpu_supports("avx2"))
		done = narrow_avx2(in, count, out);
#endif
	narrow_plain(in + 4 * done, count - done, out + 3 * done);
}
