package sandbox

// forker gets a Pool's children from its template. It belongs to the Pool's starting loop.
type forker struct {
	pool     *Pool
	template *template
	off      bool // there are none here
}

// next returns a child, nil where none can be forked.
func (f *forker) next() *child {
	if f.pool.stale.Swap(false) || f.template != nil && f.template.forks >= f.pool.opts.Forks {
		f.end()
	}
	for range 2 { // one may have ended since, such as by a system that lacks memory
		if f.template == nil && !f.off {
			o := f.pool.opts
			var err error
			if f.template, err = startTemplate(f.pool.command(), o.Kind, o.Environment, o.Start); err != nil {
				f.template, f.off = nil, true
			}
		}
		if f.off {
			return nil
		}
		if c, err := f.template.fork(); err == nil {
			return c
		}
		f.end()
	}
	return nil
}

func (f *forker) end() {
	if f.template != nil {
		f.template.end()
		f.template = nil
	}
}
