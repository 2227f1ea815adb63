// The whole of libvips that OPAL uses: a few calls, each a complete job.
//
// Every call runs on the calling thread, reads and writes memory that C owns or
// that stays valid until it returns, and copies libvips' message into err (a
// zero-terminated text of at most errlen bytes) before it does. Each returns 0,
// or -1 with err set.
#ifndef OPAL_SHIM_H
#define OPAL_SHIM_H

#include <stddef.h>

// The values are those of formatCode in vips.go.
enum opal_format {
	OPAL_JPEG = 1,
	OPAL_PNG = 2,
	OPAL_WEBP = 3,
	OPAL_AVIF = 4,
};

// opal_start prepares libvips once per process: no cache, one thread a job,
// and no loader but those for JPEG, PNG and WebP; with own set also AVIF.
int opal_start(int own, char *err, size_t errlen);

// opal_version returns libvips' version, such as "8.18.7".
const char *opal_version(void);

// opal_decode decodes one picture of the given format and size into pixels:
// width*height*4 bytes, sRGB, 8 bits, straight alpha. The EXIF orientation is
// not applied. It fails on damaged and truncated data.
int opal_decode(int format, const void *data, size_t len, int width, int height, void *pixels, char *err, size_t errlen);

struct opal_encoding {
	int format;
	int quality;     // 1..100
	int lossless;    // WebP and AVIF
	int effort;      // of the format's own scale
	int subsample;   // 1: colour at half resolution
	// AVIF alone takes these; the other formats get theirs from embed.go. Each
	// may be NULL.
	const void *xmp;
	size_t xmp_len;
	const void *profile;
	size_t profile_len;
};

// opal_encode encodes width*height RGBA pixels, rows stride bytes apart. bands
// is 4, or 3 to leave the alpha out. *out is freed with opal_free.
int opal_encode(const struct opal_encoding *e, const void *pixels, int width, int height, size_t stride, int bands, void **out, size_t *outlen, char *err, size_t errlen);

// opal_srgb_profile copies libvips' own sRGB profile. *out is freed with
// opal_free.
int opal_srgb_profile(void **out, size_t *outlen, char *err, size_t errlen);

void opal_free(void *p);

#endif
