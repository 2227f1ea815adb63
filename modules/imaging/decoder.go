package imaging

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/sandbox"
)

// Limits of a decoding child.
const (
	defaultTimeout     = 30 * time.Second
	defaultMemoryLimit = 3 << 29

	// The memory that one picture may use: a fixed part, and a part for each pixel. The
	// pixels handed over take 4 bytes each, an interlaced 16-bit PNG that is held
	// whole 8 more, a progressive JPEG 6 more, and libvips' WebP reader 20 more.
	memoryBase         = 192 << 20
	memoryPerPixel     = 14
	memoryPerPixelWebP = 26
	memoryPerPixelHEIF = 30 // planes of 16 bits, and a grid's tiles beside the whole
	memoryPerPixelTIFF = 24 // a strip may be the whole picture, of four channels of 16 bits

	// 12 megapixels take about 0.3 s. Slow machines get ten times as much.
	cpuBase          = 5 * time.Second
	cpuPerMegapixel  = 500 * time.Millisecond
	pixelsPerMega    = 1_000_000
	minRowsPerWorker = 256

	maxBeside = 4 << 20

	forksOfATemplate = 1000
)

// DecoderOptions are a Decoder's limits. The zero value is the default.
type DecoderOptions struct {
	// Command starts a child: a program and its arguments that lead to
	// sandbox.Serve with ChildHandler. nil is this program with the arguments
	// "child decode".
	Command []string

	// Timeout bounds one try, waiting included. 0 is 30 s.
	Timeout time.Duration

	// MemoryLimit bounds a child's memory in bytes. A picture's size sets a
	// lower bound of its own. 0 is 1.5 GiB, which only a WebP of 50 megapixels
	// comes near.
	MemoryLimit int64

	// Concurrency is how many pictures are decoded at the same time. 0 is the
	// number of processors.
	Concurrency int

	// OnSlow is told why decoding children are not forked for now, but started as programs,
	// which takes five times as long. nil tells nobody.
	OnSlow func(error)
}

// Decoder decodes pictures from outside, each in a process of its own: a
// picture that takes over its decoder meets no other tenant's pixels, memory
// comes back whole, and the CPU limit, which counts a process's life, is the
// picture's. On Linux a template forks these processes, but for a HEIC picture and for one
// with something to read beside its pixels, whose children run Go. It is safe for concurrent use.
type Decoder struct {
	opts    DecoderOptions
	slots   *semaphore.Weighted // pictures, of all pools
	pool    *sandbox.Pool       // its children are forked, and know pixels alone
	readers *sandbox.Pool       // its children run Go, and read what lies beside the pixels
	heic    *sandbox.Pool       // likewise, and have libheif
}

// NewDecoder returns a Decoder. It starts nothing before the first Decode; the
// caller closes it.
func NewDecoder(opts DecoderOptions) *Decoder {
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	if opts.MemoryLimit <= 0 {
		opts.MemoryLimit = defaultMemoryLimit
	}
	if opts.Concurrency <= 0 {
		opts.Concurrency = runtime.GOMAXPROCS(0)
	}
	pool := func(forks int, args ...string) *sandbox.Pool {
		o := sandbox.Options{
			Kind: ChildKind, Args: args, Timeout: opts.Timeout, Concurrency: opts.Concurrency,
			Forks: forks, OnNoTemplate: opts.OnSlow,
			// Debian's libvips would make code at run time, which the child may not.
			Environment: []string{"VIPS_NOVECTOR=1"},
		}
		if len(opts.Command) > 0 {
			o.Command = slices.Concat(opts.Command, args)
		}
		return sandbox.New(o)
	}
	return &Decoder{
		opts: opts, slots: semaphore.NewWeighted(int64(opts.Concurrency)),
		pool: pool(forksOfATemplate), readers: pool(0), heic: pool(0, withHEIF),
	}
}

// Warm starts the first child, so that the first picture finds it ready.
func (d *Decoder) Warm() { d.pool.Warm() }

// Close waits for the calls of Decode and ends the waiting children. Later calls
// of Decode fail. It is safe to call twice.
func (d *Decoder) Close() error {
	return errors.Join(d.pool.Close(), d.readers.Close(), d.heic.Close())
}

// Decode checks and decodes a picture from outside: JPEG, PNG, WebP, AVIF, HEIC
// or TIFF. The result is
// upright, sRGB, and holds nothing but pixels; Info is the result of Inspect.
//
// Errors: those of Inspect; ErrCorrupt; ErrNoHEIF; ErrNoAVIF; ErrDecoderDied when the child ended
// twice, or once at its time limit; ErrNoChild when none could be started; the context's
// error.
func (d *Decoder) Decode(ctx context.Context, b []byte) (*image.NRGBA, Info, error) {
	img, info, _, err := d.DecodeWith(ctx, b, nil)
	return img, info, err
}

// DecodeWith decodes like Decode, and has the child read beside, which is what the caller
// has found beside the picture's pixels, 4 MB at most: answer is what the function answered
// that ChildHandler was given, nil for an empty beside. A beside that can't be read costs
// its answer, not the picture.
func (d *Decoder) DecodeWith(ctx context.Context, b, beside []byte) (img *image.NRGBA, info Info, answer []byte, err error) {
	p, err := imagefile.Parse(b)
	if err != nil {
		return nil, Info{}, nil, err
	}
	if err := d.slots.Acquire(ctx, 1); err != nil {
		return nil, p.Info, nil, err
	}
	defer d.slots.Release(1)
	pool, missing := d.pool, false
	switch {
	case p.Info.Format == imagefile.HEIC:
		pool = d.heic
	case len(beside) > 0:
		pool = d.readers
	}
	err = pool.Do(ctx, d.job(p, beside), func(pixels io.ReaderAt, reply []byte) (err error) {
		if missing = string(reply) == noHEIF; missing {
			return nil
		}
		img, err = readPixels(pixels, p.Info)
		answer = reply
		return err
	})
	var refused *sandbox.RefusedError
	var died *sandbox.DiedError
	var unavailable *sandbox.UnavailableError
	switch {
	case missing && p.Info.Format == AVIF:
		err = ErrNoAVIF
	case missing:
		err = ErrNoHEIF
	case err == nil:
		return img, p.Info, answer, nil
	case errors.As(err, &refused):
		err = ErrCorrupt.With("%s", damage(refused.Reason))
	case errors.As(err, &died):
		err = &diedError{died}
	case errors.As(err, &unavailable):
		err = fmt.Errorf("%w: %w", ErrNoChild, err)
	}
	return nil, p.Info, nil, err
}

// diedError is ErrDecoderDied with how each child ended.
type diedError struct{ died *sandbox.DiedError }

func (e *diedError) Error() string { return fmt.Sprintf("%v: %v", ErrDecoderDied, e.died) }

func (e *diedError) Unwrap() error { return ErrDecoderDied }

// Deaths returns how many decoding children a picture has ended, going by
// Decode's error: 0 unless it is ErrDecoderDied.
func Deaths(err error) int {
	var died *diedError
	if errors.As(err, &died) {
		return len(died.died.Deaths)
	}
	return 0
}

// job returns the work of decoding a picture and reading what lies beside its pixels,
// with limits that fit its size.
func (d *Decoder) job(p imagefile.Parsed, beside []byte) sandbox.Job {
	info, data := p.Info, p.Essential()
	if len(beside) > maxBeside {
		beside = nil
	}
	w, h := info.Stored()
	perPixel := int64(memoryPerPixel)
	switch info.Format {
	case WebP:
		perPixel = memoryPerPixelWebP
	case AVIF, imagefile.HEIC:
		perPixel = memoryPerPixelHEIF
	case imagefile.TIFF:
		perPixel = memoryPerPixelTIFF
	}
	return sandbox.Job{
		Params: append(params{
			Format: uint32(formatCode(info.Format)), Width: uint32(w), Height: uint32(h), Beside: uint32(len(beside)),
		}.bytes(), p.Profile()...),
		Input:  append(data, beside...),
		Output: int64(w) * int64(h) * int64(handedOver(info.Format)),
		Memory: min(d.opts.MemoryLimit, memoryBase+int64(w)*int64(h)*perPixel+2*int64(len(data))),
		CPU:    min(d.opts.Timeout, cpuBase+cpuPerMegapixel*time.Duration(w*h/pixelsPerMega)),
	}
}

// readPixels reads the stored rows from f and turns them upright.
func readPixels(f io.ReaderAt, info Info) (*image.NRGBA, error) {
	rowsAtOnce := 64 // a turned picture's columns then share cache lines
	turned := info.Orientation > 1
	if !turned {
		rowsAtOnce = 16 // they stay in the processor's cache until they are widened
	}
	w, h := info.Stored()
	row, stored := w*bytesPerPixel, w*handedOver(info.Format)
	img := roughPicture(info.Width, info.Height)
	workers := max(1, min(runtime.GOMAXPROCS(0), h/minRowsPerWorker))
	var g errgroup.Group
	for i := range workers {
		first, last := h*i/workers, h*(i+1)/workers
		g.Go(func() error {
			if !turned && stored == row {
				_, err := f.ReadAt(img.Pix[first*row:last*row], int64(first*row))
				return err
			}
			buf, wide := make([]byte, rowsAtOnce*stored), []byte(nil)
			if turned && stored < row {
				wide = make([]byte, rowsAtOnce*row)
			}
			for y := first; y < last; y += rowsAtOnce {
				n := min(rowsAtOnce, last-y)
				if _, err := f.ReadAt(buf[:n*stored], int64(y*stored)); err != nil {
					return err
				}
				switch {
				case !turned:
					widen(img.Pix[y*row:], buf[:n*stored])
				case stored < row:
					widen(wide, buf[:n*stored])
					orientRows(img, info.Orientation, wide, y, n)
				default:
					orientRows(img, info.Orientation, buf, y, n)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return img, nil
}
