package sandbox

import "errors"

// childrenUntilRetry is how many children are started as programs before a template is tried
// again, which takes its patience where the system lacks memory.
const childrenUntilRetry = 100

// forker gets a Pool's children from its template. It belongs to the Pool's starting loop.
type forker struct {
	pool     *Pool
	template *template
	off      bool // there are none here
	rest     int  // children to be started as programs before a template is tried again
}

// next returns a child, nil where none can be forked.
func (f *forker) next() *child {
	if f.pool.stale.Swap(false) || f.template != nil && f.template.forks >= f.pool.opts.Forks {
		f.end()
	}
	if f.off {
		return nil
	}
	if f.rest > 0 {
		f.rest--
		return nil
	}
	var failed error
	for range 2 { // one may have ended since, such as by a system that lacks memory
		var c *child
		if c, failed = f.fork(); failed == nil {
			return c
		}
		f.end()
	}
	if f.off = errors.Is(failed, errors.ErrUnsupported); f.off {
		return nil
	}
	f.rest = childrenUntilRetry - 1
	if told := f.pool.opts.OnNoTemplate; told != nil {
		told(failed)
	}
	return nil
}

func (f *forker) fork() (*child, error) {
	if f.template == nil {
		o := f.pool.opts
		t, err := startTemplate(f.pool.command(), o.Kind, o.Environment, o.Start)
		if err != nil {
			return nil, err
		}
		f.template = t
	}
	return f.template.fork()
}

func (f *forker) end() {
	if f.template != nil {
		f.template.end()
		f.template = nil
	}
}
