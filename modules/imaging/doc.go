// Package imaging reads, converts, resizes, compares and writes pictures.
//
// Pixels are always *image.NRGBA: sRGB, 8 bits a channel, straight alpha,
// Rect.Min at (0,0) in every result. It is the only package with cgo: libvips
// through the shim in shim.c, one C call per job, on memory that C owns or that
// stays where it is until the call has ended; and the loops of resampling in
// resample.c, which keep no memory.
//
// Bytes from outside are inspected in Go (Inspect), stripped to what carries
// pixels and colour, and decoded in a child process (Decoder). Bytes that OPAL
// wrote itself are decoded in this process (DecodeOwn).
//
// Building it needs libvips: `make env` gets it and prints the flags.
package imaging
