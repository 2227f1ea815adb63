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
	OPAL_HEIC = 5,
	OPAL_TIFF = 6,
};

// opal_start prepares libvips once per process: no cache, one thread a job,
// and no loader but those for JPEG, PNG, WebP and AVIF; with foreign set also
// TIFF, which OPAL never writes.
int opal_start(int foreign, char *err, size_t errlen);

// opal_prepare makes the classes of the operations that decode, which libvips and GLib do at
// the first use of each: half of the time that a small picture takes. It starts no thread.
void opal_prepare(void);

// opal_version returns libvips' version, such as "8.18.7".
const char *opal_version(void);

// opal_source is a picture's file.
struct opal_source {
	int format;
	const void *data;
	size_t len;
	int width, height; // that its header says
	int bands;         // of the pixels: 4, or 3 where the format has no alpha
	// A profile to be used unless the file has one; may be NULL.
	const void *profile;
	size_t profile_len;
};

// opal_decode decodes one picture into pixels: width*height*bands bytes, sRGB, 8
// bits, straight alpha. The EXIF orientation is not applied; that of an HEIF
// file is. It fails on damaged and truncated data.
int opal_decode(const struct opal_source *source, void *pixels, char *err, size_t errlen);

// opal_heif_load finds libheif, which decodes HEIC. It opens files.
int opal_heif_load(char *err, size_t errlen);

// opal_heif_version returns libheif's version, "" when it is not loaded.
const char *opal_heif_version(void);

// Results beside 0 and -1, which means that the file is bad.
enum { OPAL_HEIF_MISSING = -2, OPAL_HEIF_MEMORY = -3 };

// opal_heif is an open HEIC file: opal_heif_open reads its header,
// opal_heif_pixels decodes it into RGBA rows, opal_heif_profile copies its ICC
// profile and returns the size, 0 without one, and opal_heif_close frees it all,
// after an error too.
struct opal_heif {
	void *context, *handle, *image;
	int width, height, premultiplied, stride;
	const unsigned char *pixels;
};
int opal_heif_open(const void *data, size_t len, struct opal_heif *out, char *err, size_t errlen);
int opal_heif_pixels(struct opal_heif *h, char *err, size_t errlen);
size_t opal_heif_profile(struct opal_heif *h, void *out, size_t room);
void opal_heif_close(struct opal_heif *h);

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

// opal_encode encodes width*height pixels of bands bytes, 4 or 3, in rows without gaps. It
// keeps no reference to them. *out is freed with opal_free.
int opal_encode(const struct opal_encoding *e, const void *packed, int width, int height, int bands, void **out, size_t *outlen, char *err, size_t errlen);

// opal_srgb_profile copies libvips' own sRGB profile. *out is freed with
// opal_free.
int opal_srgb_profile(void **out, size_t *outlen, char *err, size_t errlen);

void opal_free(void *p);

// Of the message of a failed opal_decode or opal_encode, as libvips has no codes:
// opal_lacks_av1 reports whether it says that AVIF can't be decoded, or written, at all: libvips
// was built without libheif or its module is not installed, or libheif found no codec;
// opal_own_fault whether the process ran into its limits instead of damage in the picture.
int opal_lacks_av1(const char *text);
int opal_own_fault(const char *text);

// OPAL_NO_HEIF is the reply of a child that can't decode HEIC or AVIF at all.
#define OPAL_NO_HEIF "no libheif"

// The order in which this program's own constructors run.
#define OPAL_SETTINGS 101
#define OPAL_AFTER_SETTINGS 102

#endif
