package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	defaultStart   = 20 * time.Second // a child takes 0.05 s on an idle machine
	defaultTimeout = 30 * time.Second
	defaultTries   = 2 // a second one tells a bad input from a chance failure
	spareTries     = 3 // children that end before they take the job
)

// Options say how a Pool's children are started and bounded.
type Options struct {
	// Kind names the Handler; Args are passed to its Prepare.
	Kind string
	Args []string

	// Command starts a child: a program and its arguments that lead to Serve. nil
	// is this program with Argument, Kind and Args.
	Command []string

	// Environment adds to the few variables that a child gets: "NAME=value".
	Environment []string

	// Start bounds a child's start, Prepare included. 0 is 20 s.
	Start time.Duration

	// Timeout bounds one try of a job, not the waiting for a child. 0 is 30 s.
	Timeout time.Duration

	// Tries is how often a job is given to a child when the one before died of
	// it. Running over Timeout counts as all of them. 0 is 2.
	Tries int

	// Jobs is how many jobs a child does before another takes its place. 0 and 1
	// give each job a process of its own, of which one waits at any time: an input
	// that takes over its child sees no other tenant's input, and all memory is
	// freed. More is for children that take long to prepare.
	Jobs int

	// Idle is how long a child of several jobs waits for its next one before it
	// is ended. 0 lets it wait until Close.
	Idle time.Duration

	// Concurrency is how many jobs are done at the same time. 0 is the number of
	// processors.
	Concurrency int

	// Forks has children of one job each forked from a process that Command starts as a
	// template of this kind (see TemplateMarker), where the system has them, which takes a
	// fifth of a program's start, and is how many a template has before another takes its
	// place: they share where their code and their memory lie, which a hostile input might
	// learn from one for the next. A child's death ends its template as well. Where none can be
	// had, and with 0, each child is started as a program.
	Forks int

	// OnNoTemplate is told why no template could be had where the system has them: children
	// are started as programs then, for a hundred of them, before a template is tried again.
	OnNoTemplate func(error)
}

// Job is one piece of work.
type Job struct {
	Params []byte // at most 64 KB
	Input  []byte // at most 2 GB
	Output int64  // bytes of room for the result, at most 2 GB

	// Memory bounds, in bytes, what the child may map on top of what it has
	// mapped when it is prepared; CPU bounds its processor time for this job. A
	// child of several jobs keeps the memory limit of its first one, and its
	// processor time is counted over all of them; Timeout bounds each. 0 of CPU
	// is Timeout.
	Memory int64
	CPU    time.Duration
}

// Pool gives jobs to child processes. It is safe for concurrent use.
type Pool struct {
	opts   Options
	slots  *semaphore.Weighted
	start  sync.Once
	wanted chan chan started
	done   chan struct{}
	ended  sync.Once
	loops  sync.WaitGroup // the starting loop, and what tidies up after it
	work   sync.WaitGroup // calls of Do and Warm
	stale  atomic.Bool    // the template is to be replaced
	mu     sync.Mutex
	idle   []*child // children of several jobs that wait for the next, the last one used last
}

type started struct {
	child *child
	err   error
}

// New returns a Pool. It starts nothing before the first Do; the caller closes
// it.
func New(o Options) *Pool {
	if o.Start <= 0 {
		o.Start = defaultStart
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Tries <= 0 {
		o.Tries = defaultTries
	}
	o.Jobs = max(o.Jobs, 1)
	if o.Concurrency <= 0 {
		o.Concurrency = runtime.GOMAXPROCS(0)
	}
	return &Pool{
		opts:   o,
		slots:  semaphore.NewWeighted(int64(o.Concurrency)),
		wanted: make(chan chan started),
		done:   make(chan struct{}),
	}
}

// Warm starts the first child, so that the first job finds it ready. It doesn't
// wait for that.
func (p *Pool) Warm() {
	if p.begin() != nil {
		return
	}
	defer p.work.Done()
	if p.opts.Jobs == 1 {
		return
	}
	if c, err := p.take(context.Background()); err == nil { // the first job meets the error too, and reports it
		p.keep(c)
	}
}

// Ready starts a child unless one waits, and returns when one is prepared: what keeps
// children from their work is found before the first job. The child waits for the jobs.
// Errors: *UnavailableError; the context's error.
func (p *Pool) Ready(ctx context.Context) error {
	if err := p.begin(); err != nil {
		return &UnavailableError{[]error{err}}
	}
	defer p.work.Done()
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return err
	}
	defer p.slots.Release(1)
	c, err := p.take(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.kill() })
	err = c.greet(p.opts.Start)
	if !stop() {
		c.end()
		return ctx.Err()
	}
	if err != nil {
		c.end()
		return &UnavailableError{[]error{err}}
	}
	p.keep(c)
	return nil
}

func (p *Pool) startLoop() { p.start.Do(func() { p.loops.Go(p.keepStarting) }) }

// keepStarting starts children for whoever wants one, and of children of one job
// each the next before it is wanted. The kernel ends a child when the thread that
// started it ends, so all are started from one thread that lasts.
func (p *Pool) keepStarting() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	forks := forker{pool: p, off: p.opts.Forks == 0 || p.opts.Jobs > 1}
	defer forks.end()
	next := func() (s started) {
		if s.child = forks.next(); s.child == nil {
			s.child, s.err = startChild(p.command(), p.opts.Kind, p.opts.Environment)
		}
		return s
	}
	for {
		var spare started
		if p.opts.Jobs == 1 {
			spare = next()
		}
		select {
		case reply := <-p.wanted:
			if p.opts.Jobs > 1 {
				spare = next()
			}
			reply <- spare
		case <-p.done:
			if spare.child != nil {
				spare.child.end()
			}
			return
		}
	}
}

func (p *Pool) command() []string {
	if len(p.opts.Command) > 0 {
		return p.opts.Command
	}
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return append([]string{self, Argument, p.opts.Kind}, p.opts.Args...)
}

func (p *Pool) closed() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// begin counts a call in, unless the Pool is closed.
func (p *Pool) begin() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed() {
		return errClosed
	}
	p.startLoop()
	p.work.Add(1)
	return nil
}

// Close waits for the calls of Do and ends the waiting children. Later calls of
// Do fail. It is safe to call twice.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.ended.Do(func() { close(p.done) })
	p.mu.Unlock()
	p.work.Wait()
	p.loops.Wait()
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, c := range idle {
		if c.unused != nil {
			c.unused.Stop()
		}
		c.end()
	}
	return nil
}

// Do has a child do the job. When it is done, read is called with the output and
// the worker's reply; the output is valid until it returns, and its error, which
// says that the output is not as it should be, counts as the child's death.
//
// Errors: *RefusedError; *DiedError; *UnavailableError, whose cause is a *PrepareError where
// the child said why; the context's error.
func (p *Pool) Do(ctx context.Context, job Job, read func(output io.ReaderAt, reply []byte) error) error {
	if len(job.Params) > maxParams || len(job.Input) > math.MaxInt32 || job.Output < 0 || job.Output > math.MaxInt32 || job.Memory < 0 {
		return fmt.Errorf("a job of %d bytes of parameters, %d of input and %d of output is out of bounds", len(job.Params), len(job.Input), job.Output)
	}
	if err := p.begin(); err != nil {
		return &UnavailableError{[]error{err}}
	}
	defer p.work.Done()
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return err
	}
	defer p.slots.Release(1)
	var deaths, gone []error
	for {
		err := p.try(ctx, job, read)
		var death *childDeath
		var spare *spareGone
		var excuse *PrepareError
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &excuse):
			return &UnavailableError{[]error{excuse}}
		case errors.As(err, &spare):
			if gone = append(gone, err); len(gone) == spareTries {
				return &UnavailableError{gone}
			}
		case errors.As(err, &death):
			p.stale.Store(true)
			if deaths = append(deaths, err); death.timeout || len(deaths) == p.opts.Tries {
				return &DiedError{deaths}
			}
		default:
			return err
		}
	}
}

// try does the job with one child.
func (p *Pool) try(ctx context.Context, job Job, read func(io.ReaderAt, []byte) error) error {
	c, err := p.take(ctx)
	if err != nil {
		return err
	}
	reusable := false
	defer func() {
		if reusable && c.done < p.opts.Jobs {
			p.keep(c)
		} else {
			c.end()
		}
	}()
	stop := context.AfterFunc(ctx, func() { _ = c.kill() })
	defer func() { reusable = stop() && reusable }()
	if err := c.greet(p.opts.Start); err != nil {
		return &spareGone{err}
	}
	if err := c.stdout.SetReadDeadline(time.Now().Add(p.opts.Timeout)); err != nil {
		return &spareGone{err}
	}
	if err := c.send(p.request(job), job); err != nil {
		return &spareGone{fmt.Errorf("%w%s", err, c.lastWords())}
	}
	if _, _, err := readAnswer(c.stdout); err != nil {
		return &spareGone{fmt.Errorf("%w%s", err, c.lastWords())}
	}
	c.done++
	state, reply, err := readAnswer(c.stdout)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &childDeath{how: fmt.Sprintf("the child took longer than %v", p.opts.Timeout), timeout: true}
	case err != nil:
		return &childDeath{how: "the child died" + c.lastWords()}
	case state == answerRefused:
		reusable = true
		return &RefusedError{OneLine(string(reply))}
	case state != answerDone:
		return &childDeath{how: "the child failed: " + OneLine(string(reply))}
	}
	if read != nil {
		if err := read(io.NewSectionReader(c.shared, outputOffset(len(job.Input)), job.Output), reply); err != nil {
			return &childDeath{how: fmt.Sprintf("the child left no result: %v", err)}
		}
	}
	reusable = true
	return nil
}

func (p *Pool) request(job Job) request {
	if job.CPU <= 0 {
		job.CPU = p.opts.Timeout
	}
	cpu := uint64((job.CPU + time.Second - 1) / time.Second)
	return request{
		InputLength: uint64(len(job.Input)), OutputLength: uint64(job.Output),
		Memory: uint64(job.Memory), CPUSeconds: min(cpu*uint64(p.opts.Jobs), math.MaxInt32),
	}
}

// take returns a waiting child, or a new one.
func (p *Pool) take(ctx context.Context) (*child, error) {
	if c := p.waiting(); c != nil {
		return c, nil
	}
	reply := make(chan started, 1)
	select {
	case p.wanted <- reply:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.done:
		return nil, &UnavailableError{[]error{errClosed}}
	}
	s := <-reply // starting a process doesn't wait for it
	if s.err != nil {
		return nil, &UnavailableError{[]error{s.err}}
	}
	return s.child, nil
}

// waiting returns the child of several jobs that was used last, nil when none
// waits.
func (p *Pool) waiting() *child {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	c := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	if c.unused != nil {
		c.unused.Stop()
		c.unused = nil
	}
	return c
}

// keep lets a child wait for its next job.
func (p *Pool) keep(c *child) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) >= p.opts.Concurrency {
		p.loops.Go(c.end)
		return
	}
	// The next job's input takes its place; until then nothing is kept of this one.
	_ = c.shared.Truncate(0)
	p.idle = append(p.idle, c)
	if p.opts.Idle > 0 {
		c.unused = time.AfterFunc(p.opts.Idle, func() { p.drop(c) })
	}
}

// drop ends a child that was unused for long.
func (p *Pool) drop(c *child) {
	p.mu.Lock()
	for i, other := range p.idle {
		if other == c {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			p.mu.Unlock()
			c.end()
			return
		}
	}
	p.mu.Unlock()
}
