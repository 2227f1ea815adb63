// HEIC pictures, by a libheif that stands apart: libvips' own is built without
// the HEVC decoder, which has patents. It is found when the process starts and
// not when it is built. The declarations are those of libheif 1.12 and later,
// https://github.com/strukturag/libheif/blob/v1.15.1/libheif/heif.h

#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "shim.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct heif_error {
	int code, subcode;
	const char *message;
};

enum { RGB = 1, INTERLEAVED_RGBA = 11, INTERLEAVED = 10, UNSUPPORTED_FILE = 2, UNSUPPORTED_FEATURE = 4, UNSUPPORTED_FILETYPE = 3 };

// Every function that is used; all are there or none is.
#define FUNCTIONS(X) \
	X(void *, heif_context_alloc, (void)) \
	X(void, heif_context_free, (void *)) \
	X(struct heif_error, heif_context_read_from_memory_without_copy, (void *, const void *, size_t, const void *)) \
	X(struct heif_error, heif_context_get_primary_image_handle, (void *, void **)) \
	X(void, heif_image_handle_release, (const void *)) \
	X(int, heif_image_handle_get_width, (const void *)) \
	X(int, heif_image_handle_get_height, (const void *)) \
	X(int, heif_image_handle_is_premultiplied_alpha, (const void *)) \
	X(size_t, heif_image_handle_get_raw_color_profile_size, (const void *)) \
	X(struct heif_error, heif_image_handle_get_raw_color_profile, (const void *, void *)) \
	X(struct heif_error, heif_decode_image, (const void *, void **, int, int, const void *)) \
	X(const unsigned char *, heif_image_get_plane_readonly, (const void *, int, int *)) \
	X(void, heif_image_release, (const void *)) \
	X(const char *, heif_get_version, (void)) \
	X(int, heif_have_decoder_for_format, (int))

#define DECLARE(result, name, args) static result(*name) args;
FUNCTIONS(DECLARE)

static int loaded;

int opal_heif_load(char *err, size_t errlen) {
	static const char *const names[] = {"libheif.so.1", "libheif.1.dylib", "/opt/homebrew/lib/libheif.1.dylib", "/usr/local/lib/libheif.1.dylib"};
	if (loaded)
		return 0;
	void *library = NULL;
	for (size_t i = 0; library == NULL && i < sizeof names / sizeof *names; i++) {
#ifdef RTLD_DEEPBIND
		// Its own names come first: libvips holds another libheif.
		library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
#else
		library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
#endif
	}
	if (library == NULL) {
		snprintf(err, errlen, "libheif is missing");
		return -1;
	}
#define FIND(result, name, args) \
	if ((*(void **)&name = dlsym(library, #name)) == NULL) { \
		snprintf(err, errlen, "libheif has no %s; 1.12 or newer is needed", #name); \
		return -1; \
	}
	FUNCTIONS(FIND)
	// From 1.13 on decoders can be files of their own, which are looked for here.
	struct heif_error (*init)(void *) = NULL;
	*(void **)&init = dlsym(library, "heif_init");
	if (init != NULL)
		init(NULL);
	enum { HEVC = 1 };
	if (!heif_have_decoder_for_format(HEVC)) {
		snprintf(err, errlen, "libheif %s has no HEVC decoder", heif_get_version());
		return -1;
	}
	loaded = 1;
	return 0;
}

const char *opal_heif_version(void) { return loaded ? heif_get_version() : ""; }

static int fail(struct heif_error e, char *err, size_t errlen) {
	snprintf(err, errlen, "libheif: %s", e.message != NULL ? e.message : "no reason");
	// heif_error_Memory_allocation_error, but for heif_suberror_Security_limit_exceeded.
	return e.code == 6 && e.subcode != 1000 ? OPAL_HEIF_MEMORY : -1;
}

int opal_heif_open(const void *data, size_t len, struct opal_heif *out, char *err, size_t errlen) {
	memset(out, 0, sizeof *out);
	if (!loaded) {
		snprintf(err, errlen, "libheif is missing");
		return OPAL_HEIF_MISSING;
	}
	if ((out->context = heif_context_alloc()) == NULL)
		return OPAL_HEIF_MEMORY;
	struct heif_error e = heif_context_read_from_memory_without_copy(out->context, data, len, NULL);
	if (e.code == 0)
		e = heif_context_get_primary_image_handle(out->context, &out->handle);
	if (e.code != 0)
		return fail(e, err, errlen);
	out->width = heif_image_handle_get_width(out->handle);
	out->height = heif_image_handle_get_height(out->handle);
	out->premultiplied = heif_image_handle_is_premultiplied_alpha(out->handle);
	return 0;
}

int opal_heif_pixels(struct opal_heif *h, char *err, size_t errlen) {
	struct heif_error e = heif_decode_image(h->handle, &h->image, RGB, INTERLEAVED_RGBA, NULL);
	if (e.code != 0)
		return fail(e, err, errlen);
	h->pixels = heif_image_get_plane_readonly(h->image, INTERLEAVED, &h->stride);
	if (h->pixels == NULL) {
		snprintf(err, errlen, "libheif left no pixels");
		return -1;
	}
	return 0;
}

size_t opal_heif_profile(struct opal_heif *h, void *out, size_t room) {
	size_t n = heif_image_handle_get_raw_color_profile_size(h->handle);
	if (n == 0 || n > room)
		return 0;
	return heif_image_handle_get_raw_color_profile(h->handle, out).code == 0 ? n : 0;
}

void opal_heif_close(struct opal_heif *h) {
	if (h->image != NULL)
		heif_image_release(h->image);
	if (h->handle != NULL)
		heif_image_handle_release(h->handle);
	if (h->context != NULL)
		heif_context_free(h->context);
	memset(h, 0, sizeof *h);
}
