package intake

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/intake/feed"
	"github.com/opal-photo/opal/modules/job"
)

// The limits of a preview, for which its caller waits.
const (
	// MaxPreviewed bounds a table of which there is a preview, in bytes.
	MaxPreviewed = 16 << 20
	// Shown is how many photos, and how many errors, a preview shows.
	Shown = 200

	looksAtOnce = 2
	lookTime    = 25 * time.Second // with the time that a table takes to arrive
	lookTurn    = 8 * time.Second  // that a caller waits for those before
)

// Errors of previews.
var (
	ErrLookLarge = fault.New(fault.TooLarge, "import_preview_too_large", fmt.Sprintf("A preview reads tables of up to %d MB; the import itself takes larger ones", MaxPreviewed>>20))
	ErrLookBusy  = fault.New(fault.Unavailable, "import_previews_busy", "Other tables are being looked at; try again in a moment")
	errLookSlow  = fault.New(fault.Unavailable, "import_preview_timeout", "The table took too long to read; the import itself has more time")
)

// Preview tells what an import would make of a table.
type Preview struct {
	Format   string
	Rows     int // of the table
	Photos   int // that would become items, of one or several scenes
	Products int // that the photos show, as far as their rows tell them apart
	Wrong    int // rows and photos that would not become items
	First    []feed.Entry
	Errors   []RowError
	Orders   []Order
}

// Order is what a number of a table's photos would be ordered with, as a job of one item.
type Order struct {
	Job    job.NewJob
	Photos int
}

// Preview reads a table as an import reads it, and makes and keeps nothing: the one at n.SourceURL,
// through the guard of imports, or the one that read returns, which is called when it is its turn: few
// tables are in memory at the same time. Errors: those of Create and of a table that an import can't
// read, ErrLookLarge, ErrLookBusy, and that of a table that takes too long.
func (s *Imports) Preview(ctx context.Context, n NewImport, read func() ([]byte, error)) (Preview, error) {
	if err := s.checkWishes(ctx, n.TenantID, n.Wishes); err != nil {
		return Preview{}, err
	}
	within, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	turn, late := context.WithTimeout(within, lookTurn)
	defer late()
	if s.looks.Acquire(turn, 1) != nil {
		return Preview{}, ErrLookBusy
	}
	defer s.looks.Release(1)
	if n.SourceURL != "" {
		read = func() ([]byte, error) { return s.Fetcher.FetchTable(within, n.SourceURL, MaxPreviewed) }
	}
	table, err := read()
	switch {
	case errors.Is(err, ErrTableLarge), len(table) > MaxPreviewed:
		return Preview{}, ErrLookLarge
	case err != nil:
		return Preview{}, err
	}
	p, err := s.look(within, n, table)
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		err = errLookSlow
	}
	return p, err
}

// look reads a table to its end, window by window, as rows does.
func (s *Imports) look(ctx context.Context, n NewImport, table []byte) (p Preview, err error) {
	r, err := feed.Open(bytes.NewReader(table))
	if err != nil {
		return p, err
	}
	checked := *s
	checked.Jobs = &remembering{s.Jobs, map[string]error{}}
	products, groups, orders := map[string]bool{}, map[string]bool{}, map[string]int{}
	for ended := false; !ended; {
		if ctx.Err() != nil {
			return p, ctx.Err()
		}
		var w []numbered
		for len(w) < window && !ended {
			switch e, err := r.Next(); {
			case errors.Is(err, io.EOF):
				ended = true
			case err != nil:
				return p, err
			default:
				if groups[groupOf(e.Photo, n.Wishes)] = true; len(groups) > maxGroups {
					return p, ErrUnlike
				}
				w = append(w, numbered{e, len(w)})
			}
		}
		good, bad, err := checked.sorted(ctx, n.TenantID, n.Wishes, w)
		if err != nil {
			return p, err
		}
		slices.SortFunc(bad, func(a, b numbered) int { return a.n - b.n })
		for _, e := range bad {
			if p.Wrong++; len(p.Errors) < Shown {
				p.Errors = append(p.Errors, RowError{Row: e.Row, Line: e.Line, Code: e.Err.Code, Message: clean(e.Err.Error()), Photo: e.Photo})
			}
		}
		var taken []numbered
		for _, g := range good {
			taken = append(taken, g.entries...)
			for _, e := range g.entries {
				it := item(e.Photo, n.Wishes)
				kind := groupOf(e.Photo, n.Wishes) + "\x01" + strings.Join(it.SceneTypes, "\x00")
				at, ok := orders[kind]
				if !ok {
					at = len(p.Orders)
					one := g.job
					one.Items = []job.NewItem{it}
					orders[kind], p.Orders = at, append(p.Orders, Order{Job: one})
				}
				p.Orders[at].Photos++
			}
		}
		slices.SortFunc(taken, func(a, b numbered) int { return a.n - b.n })
		for _, e := range taken {
			p.Photos++
			products[productOf(e)] = true
			if len(p.First) < Shown {
				p.First = append(p.First, e.Entry)
			}
		}
	}
	p.Format, p.Rows, p.Products = r.Format, r.Rows(), len(products)
	return p, nil
}

// productOf tells the products of a table apart: by their numbers, else by their rows.
func productOf(e numbered) string {
	p := e.Product
	return cmp.Or(p.SKU, p.GTIN, p.ASIN, fmt.Sprint("row ", e.Row))
}

// remembering asks once for each kind of job, however many windows a table has.
type remembering struct {
	Jobs
	known map[string]error
}

// CheckJob implements Jobs.
func (r *remembering) CheckJob(ctx context.Context, n job.NewJob) error {
	kind := n.BrandProfileID + "\x00" + strings.Join(n.Presets, "\x00")
	err, ok := r.known[kind]
	if !ok {
		err = r.Jobs.CheckJob(ctx, n)
		r.known[kind] = err
	}
	return err
}
