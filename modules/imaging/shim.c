// Go's build compiles this file only with cgo, where libvips' flags come from
// the environment.
#if !__has_include(<vips/vips.h>)
#error "libvips is missing. In the repository's root run: eval \"$(make -s env)\" and try again"
#else

#include "shim.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

// Both settings must stand before the first threads are there, so they can't
// wait for opal_start.
__attribute__((constructor(OPAL_SETTINGS))) static void before_threads(void) {
#ifdef __GLIBC__
	// glibc gives each thread that allocates an arena of its own, and Go's
	// threads come and go: four pipelines held 538 MB where 378 do.
	mallopt(M_ARENA_MAX, 2);
	// What a picture has needed the next one needs again: given back to the kernel, it is
	// cleared a page at a time, which took a sixth of the CPU of five WebP. A child has one
	// picture, and its limit holds for memory that is mapped, not for what an arena keeps.
	if (getenv("OPAL_CHILD") == NULL) {
		mallopt(M_MMAP_THRESHOLD, 32 << 20);
		mallopt(M_TRIM_THRESHOLD, 64 << 20);
	}
#endif
	// Pictures that must be held whole would go to a temporary file from 100 MB
	// on: slow, and barred in the child. The largest taken has 400 MB.
	setenv("VIPS_DISC_THRESHOLD", "1g", 1);
}

// finish ends a job: libvips' message goes to err and its per-thread state is
// freed, since Go may never use this thread again.
static int finish(int result, char *err, size_t errlen) {
	if (result != 0 && errlen > 0) {
		const char *text = vips_error_buffer();
		strncpy(err, text[0] != 0 ? text : "libvips failed without a reason", errlen - 1);
		err[errlen - 1] = 0;
	}
	vips_error_clear();
	vips_thread_shutdown();
	return result;
}

// libvips warns about files on stderr, which is not ours to write to.
static void drop_log(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {}

int opal_start(int foreign, char *err, size_t errlen) {
	if (vips_init("opal") != 0)
		return finish(-1, err, errlen);
	g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING | G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG, drop_log, NULL);
	vips_cache_set_max(0);
	vips_cache_set_max_mem(0);
	// Jobs run side by side; threads inside one cost more than they save.
	vips_concurrency_set(1);
	vips_operation_block_set("VipsForeignLoad", TRUE);
	vips_operation_block_set("VipsForeignLoadJpeg", FALSE);
	vips_operation_block_set("VipsForeignLoadPng", FALSE);
	vips_operation_block_set("VipsForeignLoadWebp", FALSE);
	vips_operation_block_set("VipsForeignLoadHeif", FALSE);
	if (foreign)
		vips_operation_block_set("VipsForeignLoadTiff", FALSE);
	return finish(0, err, errlen);
}

void opal_prepare(void) {
	static const char *const operations[] = {
		"jpegload_buffer", "pngload_buffer", "webpload_buffer", "heifload_buffer", "tiffload_buffer",
		"extract_band", "bandjoin", "bandjoin_const", "cast", "copy", "boolean_const", "linear", "colourspace",
		"icc_transform", "icc_import", "icc_export", "profile_load", "sRGB2scRGB", "scRGB2sRGB", "sRGB2XYZ",
	};
	for (size_t i = 0; i < G_N_ELEMENTS(operations); i++) {
		VipsOperation *made = vips_operation_new(operations[i]);
		if (made != NULL)
			g_object_unref(made);
	}
	vips_error_clear(); // of one that this libvips hasn't
	g_object_unref(vips_image_new_memory());
}

const char *opal_version(void) { return vips_version_string(); }

void opal_free(void *p) { g_free(p); }

// says reports whether a text holds one of the signs.
static int says(const char *text, const char *const *signs) {
	for (; *signs != NULL; signs++)
		if (strstr(text, *signs) != NULL)
			return 1;
	return 0;
}

int opal_lacks_av1(const char *text) {
	static const char *const signs[] = {"heifload_buffer", "heifsave_buffer", "decoding plugin", "encoding plugin", NULL};
	return says(text, signs);
}

int opal_own_fault(const char *text) {
	// So libtiff and libheif speak of counts that no honest file has.
	static const char *const counts[] = {"out of memory reading of", "security limit", NULL};
	static const char *const signs[] = {"memory", "creating thread", "system error", NULL};
	char small[1024];
	size_t n = 0;
	for (; text[n] != 0 && n < sizeof small - 1; n++)
		small[n] = tolower((unsigned char)text[n]);
	small[n] = 0;
	return !says(small, counts) && says(small, signs);
}

static int load(int format, VipsFailOn fail_on, void *data, size_t len, VipsImage **out) {
	// Sequential: rows are decoded as they are asked for, so only the result is
	// ever whole in memory.
	switch (format) {
	case OPAL_JPEG:
		return vips_jpegload_buffer(data, len, out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on, NULL);
	case OPAL_PNG:
		return vips_pngload_buffer(data, len, out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on, NULL);
	case OPAL_WEBP:
		return vips_webpload_buffer(data, len, out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on, NULL);
	case OPAL_AVIF:
		return vips_heifload_buffer(data, len, out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on, NULL);
	case OPAL_TIFF:
		return vips_tiffload_buffer(data, len, out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on, NULL);
	}
	vips_error("opal", "format %d has no loader", format);
	return -1;
}

// load_heic decodes with libheif into an image that reads h's pixels.
static int load_heic(const struct opal_source *s, struct opal_heif *h, VipsImage **out) {
	char text[512] = "";
	int r = opal_heif_open(s->data, s->len, h, text, sizeof text);
	// The size is held against the header's before memory is taken for pixels.
	if (r == 0 && (h->width != s->width || h->height != s->height)) {
		vips_error("opal", "libheif sees %d x %d pixels where the header says %d x %d", h->width, h->height, s->width, s->height);
		return -1;
	}
	if (r == 0)
		r = opal_heif_pixels(h, text, sizeof text);
	if (r != 0) {
		vips_error("opal", "%s%s", r == OPAL_HEIF_MEMORY ? "out of memory: " : "", text);
		return -1;
	}
	VipsImage *in = vips_image_new_from_memory(h->pixels, (size_t)h->stride * s->height, h->stride / 4, s->height, 4, VIPS_FORMAT_UCHAR);
	if (in == NULL)
		return -1;
	VipsImage *cut = NULL;
	r = h->stride < 4 * s->width || vips_crop(in, &cut, 0, 0, s->width, s->height, NULL) || vips_copy(cut, out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
	if (cut != NULL)
		g_object_unref(cut);
	g_object_unref(in);
	if (r)
		return -1;
	enum { MOST = 16 << 20 };
	void *profile = g_try_malloc(MOST);
	size_t n = profile != NULL ? opal_heif_profile(h, profile, MOST) : 0;
	if (n > 0)
		vips_image_set_blob_copy(*out, VIPS_META_ICC_NAME, profile, n);
	g_free(profile);
	return 0;
}

// straight divides colours by the alpha and keeps their format.
static int straight(VipsImage *in, VipsImage **out) {
	double most = in->BandFmt == VIPS_FORMAT_USHORT ? 65535 : 255;
	VipsImage *divided = NULL, *rounded = NULL;
	int r = vips_unpremultiply(in, &divided, "max_alpha", most, NULL) || vips_rint(divided, &rounded, NULL) ||
		vips_cast(rounded, out, in->BandFmt, NULL);
	if (divided != NULL)
		g_object_unref(divided);
	if (rounded != NULL)
		g_object_unref(rounded);
	if (!r)
		(*out)->Type = in->Type;
	return r ? -1 : 0;
}

// is_srgb reports whether a picture of 8 bits has the very profile that it would be converted
// to, as OPAL's own files have: the conversion then changes no value and takes longer than
// the decoding.
static int is_srgb(VipsImage *in) {
	const void *profile;
	size_t len;
	VipsBlob *blob = NULL;
	if (in->Type != VIPS_INTERPRETATION_sRGB || in->BandFmt != VIPS_FORMAT_UCHAR || in->Bands != 3 ||
		vips_image_get_typeof(in, VIPS_META_ICC_NAME) == 0 || vips_image_get_blob(in, VIPS_META_ICC_NAME, &profile, &len) ||
		vips_profile_load("srgb", &blob, NULL))
		return 0;
	size_t n;
	const void *own = vips_blob_get(blob, &n);
	int same = n == len && memcmp(own, profile, n) == 0;
	vips_area_unref(VIPS_AREA(blob));
	return same;
}

// to_srgb converts colour bands (no alpha) of any kind to 8-bit sRGB.
static int to_srgb(VipsImage *in, VipsImage **out) {
	gboolean cmyk = in->Type == VIPS_INTERPRETATION_CMYK;
	if (cmyk || (vips_image_get_typeof(in, VIPS_META_ICC_NAME) != 0 && !is_srgb(in))) {
		// An embedded profile that doesn't fit the pixels gives way to the
		// built-in one. Its perceptual table counts, where it has one, whatever
		// intent its header asks for, and its black becomes black: as browsers
		// and sharp show it.
		int r = vips_icc_transform(in, out, "srgb", "embedded", TRUE,
			"input_profile", cmyk ? "cmyk" : "srgb", "depth", 8,
			"intent", VIPS_INTENT_PERCEPTUAL, "black_point_compensation", TRUE, NULL);
		if (r == 0 && (*out)->Bands == 3)
			return 0;
		if (r == 0) {
			g_object_unref(*out);
			*out = NULL;
		}
		// A damaged profile costs its colours, not the picture.
		vips_error_clear();
	}
	return vips_colourspace(in, out, VIPS_INTERPRETATION_sRGB, NULL);
}

// eight_bits brings an alpha band to 0..255.
static int eight_bits(VipsImage *in, VipsImage **out) {
	if (in->BandFmt == VIPS_FORMAT_USHORT)
		return vips_rshift_const1(in, out, 8, NULL) != 0;
	return vips_copy(in, out, NULL);
}

static int decode_in(VipsObject *scope, const struct opal_source *s, struct opal_heif *heif, VipsFailOn fail_on, void *pixels) {
	VipsImage **t = (VipsImage **)vips_object_local_array(scope, 11);
	if (s->format == OPAL_HEIC ? load_heic(s, heif, &t[0]) : load(s->format, fail_on, (void *)s->data, s->len, &t[0]))
		return -1;
	VipsImage *in = t[0];
	if (in->Xsize != s->width || in->Ysize != s->height) {
		vips_error("opal", "the decoder sees %d x %d pixels where the header says %d x %d", in->Xsize, in->Ysize, s->width, s->height);
		return -1;
	}
	if (s->profile_len > 0 && vips_image_get_typeof(in, VIPS_META_ICC_NAME) == 0) {
		if (vips_copy(in, &t[9], NULL))
			return -1;
		in = t[9];
		vips_image_set_blob_copy(in, VIPS_META_ICC_NAME, s->profile, s->profile_len);
	}
	// libvips does this itself for TIFF.
	if (heif->premultiplied && vips_image_hasalpha(in)) {
		if (straight(in, &t[10]))
			return -1;
		in = t[10];
	}
	VipsImage *colour = in, *alpha = NULL;
	if (vips_image_hasalpha(in)) {
		int last = in->Bands - 1;
		if (vips_extract_band(in, &t[1], last, NULL) ||
			eight_bits(t[1], &t[2]) ||
			vips_cast(t[2], &t[3], VIPS_FORMAT_UCHAR, NULL) ||
			vips_extract_band(in, &t[4], 0, "n", last, NULL))
			return -1;
		alpha = t[3];
		colour = t[4];
	}
	if (to_srgb(colour, &t[5]))
		return -1;
	if (t[5]->Bands != 3) {
		vips_error("opal", "%d colour bands can't be shown as sRGB", t[5]->Bands);
		return -1;
	}
	if (vips_cast(t[5], &t[6], VIPS_FORMAT_UCHAR, NULL))
		return -1;
	VipsImage *out = t[6];
	if (s->bands == 3 && alpha != NULL) {
		vips_error("opal", "the picture has an alpha channel where its format has none");
		return -1;
	}
	if (s->bands != 3) {
		if (alpha != NULL ? vips_bandjoin2(t[6], alpha, &t[7], NULL) : vips_bandjoin_const1(t[6], &t[7], 255, NULL))
			return -1;
		out = t[7];
	}
	// An image made from memory can also be written to: the rows land in pixels
	// with no copy of their own.
	t[8] = vips_image_new_from_memory(pixels, (size_t)s->width * s->height * s->bands, s->width, s->height, s->bands, VIPS_FORMAT_UCHAR);
	return t[8] == NULL || vips_image_write(out, t[8]) ? -1 : 0;
}

static int decode(const struct opal_source *s, VipsFailOn fail_on, void *pixels) {
	VipsObject *scope = VIPS_OBJECT(vips_image_new());
	struct opal_heif heif = {0};
	int r = decode_in(scope, s, &heif, fail_on, pixels);
	g_object_unref(scope);
	opal_heif_close(&heif);
	return r;
}

// lost_pixels reports whether libjpeg's warning means that a part of the
// picture is not there. To libjpeg both such damage and harmless oddities, which
// many cameras and editors leave, are warnings; its texts tell them apart. Bytes
// that nothing needs are harmless at a scan's end, not between restart markers.
static int lost_pixels(void) {
	static const char *const texts[] = {"premature end", "bad Huffman code", "found marker", "Inconsistent progression"};
	static const char before[] = "extraneous bytes before marker 0xd";
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		if (strstr(vips_error_buffer(), texts[i]) != NULL)
			return 1;
	const char *marker = strstr(vips_error_buffer(), before);
	return marker != NULL && marker[sizeof before - 1] >= '0' && marker[sizeof before - 1] <= '7';
}

// digest returns a number that differs, in all likelihood, when the pixels do.
static uint64_t digest(const struct opal_source *s, const void *pixels) {
	uint64_t h = 0xcbf29ce484222325;
	const uint8_t *p = pixels;
	size_t n = (size_t)s->width * s->height * s->bands;
	for (; n >= 4; n -= 4, p += 4) {
		uint32_t four;
		memcpy(&four, p, 4);
		h = (h ^ four) * 0x100000001b3;
	}
	for (; n > 0; n--, p++)
		h = (h ^ *p) * 0x100000001b3;
	return h;
}

enum { FILLER = 64 };

// decode_longer decodes a JPEG with more coded data before its end marker. Where
// all pixels are there the decoder passes over it; where the last rows are lost
// it takes it for them.
static int decode_longer(const struct opal_source *s, void *pixels) {
	size_t len = s->len;
	const uint8_t *data = s->data;
	if (len >= 2 && data[len - 2] == 0xff && data[len - 1] == 0xd9)
		len -= 2;
	uint8_t *longer = malloc(len + FILLER + 2);
	if (longer == NULL) {
		vips_error("opal", "no memory for %zu bytes", len + FILLER + 2);
		return -1;
	}
	memcpy(longer, data, len);
	for (uint32_t i = 0, x = 1; i < FILLER; i++) {
		x = x * 1664525 + 1013904223;
		longer[len + i] = x >> 24 == 0xff ? 0x5a : x >> 24;
	}
	longer[len + FILLER] = 0xff;
	longer[len + FILLER + 1] = 0xd9;
	struct opal_source more = *s;
	more.data = longer;
	more.len = len + FILLER + 2;
	int r = decode(&more, VIPS_FAIL_ON_ERROR, pixels);
	free(longer);
	return r;
}

// decode_odd decodes a JPEG of which libjpeg has warned for a harmless reason. It
// tells of its first warning alone, so another way has to show whether the last
// rows are there.
static int decode_odd(const struct opal_source *s, void *pixels) {
	if (decode_longer(s, pixels) != 0)
		return -1;
	uint64_t longer = digest(s, pixels);
	vips_error_clear();
	if (decode(s, VIPS_FAIL_ON_ERROR, pixels) != 0)
		return -1;
	if (digest(s, pixels) != longer) {
		vips_error("opal", "premature end: the last rows are not there");
		return -1;
	}
	return 0;
}

int opal_decode(const struct opal_source *s, void *pixels, char *err, size_t errlen) {
	// Without fail_on a truncated file passes with its rest grey.
	if (s->format != OPAL_JPEG)
		return finish(decode(s, VIPS_FAIL_ON_ERROR, pixels), err, errlen);
	int r = decode(s, VIPS_FAIL_ON_WARNING, pixels);
	if (r != 0 && !lost_pixels()) {
		vips_error_clear();
		r = decode_odd(s, pixels);
	}
	// A warning from the last rows comes when nothing is read any more, and is
	// left in the buffer.
	if (r == 0 && lost_pixels())
		r = -1;
	return finish(r, err, errlen);
}

// Nothing but what was set on the image is written. Before 8.15 an AVIF can't
// leave out the EXIF block that libvips makes up (the size in pixels) and keep
// the rest; embed.go blanks it.
#if VIPS_MAJOR_VERSION > 8 || VIPS_MINOR_VERSION >= 15
#define PIXELS_ONLY "keep", VIPS_FOREIGN_KEEP_NONE
#define PIXELS_AND_METADATA "keep", VIPS_FOREIGN_KEEP_XMP | VIPS_FOREIGN_KEEP_ICC
#define AVIF_QUALITY(q) (q)
#else
#define PIXELS_ONLY "strip", TRUE
#define PIXELS_AND_METADATA "strip", FALSE
// The scale moved: 40 looks like 50 did.
#define AVIF_QUALITY(q) VIPS_MIN(100, (q) + 10)
#endif

// png_filter picks the prediction. Trying all of them for each row takes half as
// long again or twice, and the files are 8 % smaller to 3 % larger than with the
// left neighbour alone.
static int png_filter(int effort) {
	return effort < 6 ? VIPS_FOREIGN_PNG_FILTER_SUB : VIPS_FOREIGN_PNG_FILTER_ALL;
}

static int save(VipsImage *in, const struct opal_encoding *e, void **out, size_t *outlen) {
	VipsForeignSubsample subsample = e->subsample ? VIPS_FOREIGN_SUBSAMPLE_ON : VIPS_FOREIGN_SUBSAMPLE_OFF;
	switch (e->format) {
	case OPAL_JPEG:
		return vips_jpegsave_buffer(in, out, outlen, "Q", e->quality, "optimize_coding", TRUE,
			"subsample_mode", subsample, PIXELS_ONLY, NULL);
	case OPAL_PNG:
		return vips_pngsave_buffer(in, out, outlen, "compression", e->effort,
			"filter", png_filter(e->effort), PIXELS_ONLY, NULL);
	case OPAL_WEBP:
		return vips_webpsave_buffer(in, out, outlen, "Q", e->quality, "lossless", e->lossless,
			"effort", e->effort, "smart_subsample", !e->subsample, PIXELS_ONLY, NULL);
	case OPAL_AVIF:
		return vips_heifsave_buffer(in, out, outlen, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1,
			"bitdepth", 8, "Q", AVIF_QUALITY(e->quality), "lossless", e->lossless, "effort", e->effort,
			"subsample_mode", subsample, PIXELS_AND_METADATA, NULL);
	}
	vips_error("opal", "format %d has no saver", e->format);
	return -1;
}

static int encode(VipsObject *scope, const struct opal_encoding *e, const void *packed, int width, int height, int bands, void **out, size_t *outlen) {
	VipsImage **t = (VipsImage **)vips_object_local_array(scope, 2);
	t[0] = vips_image_new_from_memory(packed, (size_t)width * height * bands, width, height, bands, VIPS_FORMAT_UCHAR);
	// 72 dots an inch, in dots a millimetre: what programs take a picture for
	// that says nothing. libvips' own 25.4 would be shown in print dialogues.
	const double dots = 72 / 25.4;
	if (t[0] == NULL || vips_copy(t[0], &t[1], "interpretation", VIPS_INTERPRETATION_sRGB, "xres", dots, "yres", dots, NULL))
		return -1;
	if (e->xmp != NULL && e->xmp_len > 0)
		vips_image_set_blob_copy(t[1], VIPS_META_XMP_NAME, e->xmp, e->xmp_len);
	if (e->profile != NULL && e->profile_len > 0)
		vips_image_set_blob_copy(t[1], VIPS_META_ICC_NAME, e->profile, e->profile_len);
	return save(t[1], e, out, outlen);
}

int opal_srgb_profile(void **out, size_t *outlen, char *err, size_t errlen) {
	VipsBlob *blob = NULL;
	if (vips_profile_load("srgb", &blob, NULL))
		return finish(-1, err, errlen);
	const void *p = vips_blob_get(blob, outlen);
	*out = g_malloc(*outlen);
	memcpy(*out, p, *outlen);
	vips_area_unref(VIPS_AREA(blob));
	return finish(0, err, errlen);
}

int opal_encode(const struct opal_encoding *e, const void *packed, int width, int height, int bands, void **out, size_t *outlen, char *err, size_t errlen) {
	*out = NULL;
	*outlen = 0;
	VipsObject *scope = VIPS_OBJECT(vips_image_new());
	int r = encode(scope, e, packed, width, height, bands, out, outlen);
	g_object_unref(scope);
	return finish(r, err, errlen);
}

#endif
