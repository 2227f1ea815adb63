package imaging

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Limits of a decoding child, and how often it is tried.
const (
	defaultTimeout     = 30 * time.Second
	defaultMemoryLimit = 3 << 29

	// What one picture may use: a fixed part, and a part for each pixel. The
	// pixels handed over take 4 bytes each, an interlaced 16-bit PNG that is held
	// whole 8 more, a progressive JPEG 6 more, and libvips' WebP reader 20 more.
	memoryBase         = 192 << 20
	memoryPerPixel     = 14
	memoryPerPixelWebP = 26

	// 12 megapixels take about 0.3 s. Slow machines get ten times as much.
	cpuBase          = 5 * time.Second
	cpuPerMegapixel  = 500 * time.Millisecond
	pixelsPerMega    = 1_000_000
	tries            = 2 // a second one tells a bad picture from bad luck
	spareTries       = 3 // children that end before they take the picture
	minRowsPerWorker = 256
)

// DecoderOptions are a Decoder's limits. The zero value is the default.
type DecoderOptions struct {
	// Command starts a child: a program and its arguments that lead to
	// ServeChild. nil is this program with the argument "imaging-child".
	Command []string

	// Timeout bounds one try, waiting included. 0 is 30 s.
	Timeout time.Duration

	// MemoryLimit bounds a child's memory in bytes. A picture's size sets a
	// lower bound of its own. 0 is 1.5 GiB, which only a WebP of 50 megapixels
	// comes near.
	MemoryLimit int64

	// Concurrency is how many pictures are decoded at once. 0 is the number of
	// processors.
	Concurrency int
}

// Decoder decodes pictures from outside, each in a process of its own. One
// started child waits at any time, so a picture doesn't pay for its start. It
// is safe for concurrent use.
type Decoder struct {
	opts  DecoderOptions
	slots chan struct{}
	start sync.Once
	spare chan started
	done  chan struct{}
	ended sync.Once
	loops sync.WaitGroup // the starting loop
	work  sync.WaitGroup // calls of Decode
	mu    sync.Mutex
}

type started struct {
	child *child
	err   error
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
	return &Decoder{
		opts:  opts,
		slots: make(chan struct{}, opts.Concurrency),
		spare: make(chan started),
		done:  make(chan struct{}),
	}
}

// Warm starts the first child, so that the first picture finds it ready.
func (d *Decoder) Warm() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed() {
		return
	}
	d.start.Do(func() { d.loops.Go(d.keepSpare) })
}

// keepSpare starts a child, hands it to whoever comes, and starts the next. The
// kernel ends a child when the thread that started it ends, so all are started
// from one thread that lasts.
func (d *Decoder) keepSpare() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		c, err := startChild(d.command())
		select {
		case d.spare <- started{c, err}:
		case <-d.done:
			if c != nil {
				c.end()
			}
			return
		}
	}
}

func (d *Decoder) command() []string {
	if len(d.opts.Command) > 0 {
		return d.opts.Command
	}
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return []string{self, childArgument}
}

func (d *Decoder) closed() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// begin counts a call in, unless the Decoder is closed.
func (d *Decoder) begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed() {
		return ErrNoChild.With("the decoder is closed")
	}
	d.start.Do(func() { d.loops.Go(d.keepSpare) })
	d.work.Add(1)
	return nil
}

// Close waits for the calls of Decode and ends the waiting child. Later calls
// of Decode fail. It is safe to call twice.
func (d *Decoder) Close() error {
	d.mu.Lock()
	d.ended.Do(func() { close(d.done) })
	d.mu.Unlock()
	d.work.Wait()
	d.loops.Wait()
	return nil
}

// Decode checks and decodes a JPEG, PNG or WebP from outside. The result is
// upright, sRGB, and holds nothing but pixels; Info is Inspect's.
//
// Errors: Inspect's; ErrCorrupt; ErrDecoderDied when the child ended twice, or
// once at its time limit; ErrNoChild when none could be started; the context's.
func (d *Decoder) Decode(ctx context.Context, b []byte) (*image.NRGBA, Info, error) {
	p, err := parse(b)
	if err != nil {
		return nil, Info{}, err
	}
	if err := d.begin(); err != nil {
		return nil, p.info, err
	}
	defer d.work.Done()
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-ctx.Done():
		return nil, p.info, ctx.Err()
	}
	img, err := d.decode(ctx, p)
	return img, p.info, err
}

func (d *Decoder) decode(ctx context.Context, p parsed) (*image.NRGBA, error) {
	data := p.essential()
	var deaths, gone []error
	for {
		img, err := d.try(ctx, p.info, data)
		var death *childDeath
		switch {
		case err == nil:
			return img, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, errSpareGone):
			if gone = append(gone, err); len(gone) == spareTries {
				return nil, fmt.Errorf("%w: %w", ErrNoChild, errors.Join(gone...))
			}
		case errors.As(err, &death):
			if deaths = append(deaths, err); death.timeout || len(deaths) == tries {
				return nil, &diedError{deaths: deaths}
			}
		default:
			return nil, err
		}
	}
}

// childDeath says how a child ended that had taken a picture.
type childDeath struct {
	how     string
	timeout bool
}

func (e *childDeath) Error() string { return e.how }

// diedError is ErrDecoderDied with how each child ended.
type diedError struct{ deaths []error }

func (e *diedError) Error() string {
	return fmt.Sprintf("%v: %v", ErrDecoderDied, errors.Join(e.deaths...))
}

func (e *diedError) Unwrap() error { return ErrDecoderDied }

// Deaths returns how many decoding children a picture has ended, going by
// Decode's error: 0 unless it is ErrDecoderDied.
func Deaths(err error) int {
	var died *diedError
	if errors.As(err, &died) {
		return len(died.deaths)
	}
	return 0
}

// try decodes with one child.
func (d *Decoder) try(ctx context.Context, info Info, data []byte) (*image.NRGBA, error) {
	c, err := d.take(ctx)
	if err != nil {
		return nil, err
	}
	defer c.end()
	stop := context.AfterFunc(ctx, func() { _ = c.cmd.Process.Kill() })
	defer stop()
	if err := c.greet(); err != nil {
		return nil, fmt.Errorf("%w: %w", errSpareGone, err)
	}
	if err := c.stdout.SetReadDeadline(time.Now().Add(d.opts.Timeout)); err != nil {
		return nil, err
	}
	if err := c.send(d.request(info, data), data); err != nil {
		return nil, fmt.Errorf("%w: %w%s", errSpareGone, err, c.lastWords())
	}
	if _, _, err := readAnswer(c.stdout); err != nil {
		return nil, fmt.Errorf("%w: %w%s", errSpareGone, err, c.lastWords())
	}
	state, text, err := readAnswer(c.stdout)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &childDeath{how: fmt.Sprintf("the decoding child took longer than %v", d.opts.Timeout), timeout: true}
	case err != nil:
		return nil, &childDeath{how: "the decoding child died" + c.lastWords()}
	case state == answerRefused:
		return nil, ErrCorrupt.With("%s", text)
	case state != answerDone:
		return nil, &childDeath{how: "the decoding child failed: " + text}
	}
	return readPixels(c.shared, pixelOffset(len(data)), info)
}

// take waits for the spare child.
func (d *Decoder) take(ctx context.Context) (*child, error) {
	select {
	case s := <-d.spare:
		if s.err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoChild, s.err)
		}
		return s.child, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-d.done:
		return nil, ErrNoChild.With("the decoder is closed")
	}
}

// request returns what to ask of a child, with the picture's own limits.
func (d *Decoder) request(info Info, data []byte) request {
	w, h := info.stored()
	perPixel := int64(memoryPerPixel)
	if info.Format == WebP {
		perPixel = memoryPerPixelWebP
	}
	memory := min(d.opts.MemoryLimit, memoryBase+int64(w)*int64(h)*perPixel+2*int64(len(data)))
	cpu := min(d.opts.Timeout, cpuBase+cpuPerMegapixel*time.Duration(w*h/pixelsPerMega))
	return request{
		Format: uint32(formatCode(info.Format)), Width: uint32(w), Height: uint32(h),
		DataLength: uint64(len(data)), MemoryLimit: uint64(memory),
		CPUSeconds: uint64((cpu + time.Second - 1) / time.Second),
	}
}

// readPixels reads the stored rows from f and turns them upright.
func readPixels(f *os.File, offset int64, info Info) (*image.NRGBA, error) {
	const rowsAtOnce = 64 // a turned picture's columns then share cache lines
	w, h := info.stored()
	row := w * bytesPerPixel
	img := image.NewNRGBA(image.Rect(0, 0, info.Width, info.Height))
	workers := max(1, min(runtime.GOMAXPROCS(0), h/minRowsPerWorker))
	var g errgroup.Group
	for i := range workers {
		first, last := h*i/workers, h*(i+1)/workers
		g.Go(func() error {
			if info.Orientation <= 1 {
				_, err := f.ReadAt(img.Pix[first*row:last*row], offset+int64(first*row))
				return err
			}
			buf := make([]byte, rowsAtOnce*row)
			for y := first; y < last; y += rowsAtOnce {
				n := min(rowsAtOnce, last-y)
				if _, err := f.ReadAt(buf[:n*row], offset+int64(y*row)); err != nil {
					return err
				}
				orientRows(img, info.Orientation, buf, y, n)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, &childDeath{how: fmt.Sprintf("the decoding child left no pixels: %v", err)}
	}
	return img, nil
}
