package billing

import (
	"context"
	"fmt"
	"slices"

	"github.com/opal-photo/opal/modules/db"
)

// The kinds of priced things.
const (
	kindStep   = "step"
	kindPreset = "preset"
	anyName    = "*" // a price for all that have none of their own
)

// Price is the price of one use of a step or preset.
type Price struct {
	Kind   string `json:"kind"`   // step or preset
	Name   string `json:"name"`   // "*": every one that is not listed
	Amount int64  `json:"amount"` // hundredths of a credit
}

// PriceList is an immutable list of prices.
type PriceList struct {
	Version int64   `json:"version"`
	Prices  []Price `json:"prices"`
}

// PriceList returns the list that applies now.
func (s *Service) PriceList(ctx context.Context) (PriceList, error) {
	return currentPrices(ctx, s.o.DB)
}

func currentPrices(ctx context.Context, q db.Querier) (PriceList, error) {
	rows, err := q.QueryContext(ctx, `SELECT version, kind, name, amount FROM prices
		WHERE version = (SELECT version FROM price_lists WHERE valid_from <= now_ms() ORDER BY valid_from DESC, version DESC LIMIT 1)
		ORDER BY kind DESC, name`)
	if err != nil {
		return PriceList{}, fmt.Errorf("read the prices: %w", err)
	}
	defer rows.Close()
	var l PriceList
	for rows.Next() {
		var p Price
		if err := rows.Scan(&l.Version, &p.Kind, &p.Name, &p.Amount); err != nil {
			return PriceList{}, err
		}
		l.Prices = append(l.Prices, p)
	}
	return l, rows.Err()
}

// of returns the price of a step or preset.
func (l PriceList) of(kind, name string) (Price, error) {
	found, ok := Price{}, false
	for _, p := range l.Prices {
		if p.Kind == kind && (p.Name == name || (p.Name == anyName && !ok)) {
			found, ok = p, true
			if p.Name == name {
				break
			}
		}
	}
	if !ok {
		return found, fmt.Errorf("price list %d has no price for %s %s", l.Version, kind, name)
	}
	return found, nil
}

// maxPrices bounds a price list, maxPrice one price (10,000 credits).
const (
	maxPrices = 500
	maxPrice  = 1_000_000
)

// Publish adds a price list that applies from now on and returns its version.
// Items that are reserved keep their prices. It needs a price for "*" of each
// kind, so that nothing is without one.
func (s *Service) Publish(ctx context.Context, prices []Price) (int64, error) {
	fallback := map[string]bool{}
	if len(prices) > maxPrices {
		return 0, ErrPrices.With("%d prices, at most %d", len(prices), maxPrices)
	}
	for _, p := range prices {
		if (p.Kind != kindStep && p.Kind != kindPreset) || p.Name == "" || p.Amount < 0 || p.Amount > maxPrice {
			return 0, ErrPrices.With("kind must be step or preset, name not empty and amount 0 to %d, got %+v", maxPrice, p)
		}
		fallback[p.Kind] = fallback[p.Kind] || p.Name == anyName
	}
	if !fallback[kindStep] || !fallback[kindPreset] {
		return 0, ErrPrices.With(`steps and presets each need a price named "*"`)
	}
	var version int64
	err := s.o.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRowContext(ctx, `INSERT INTO price_lists (version, valid_from) SELECT max(version) + 1, now_ms() FROM price_lists RETURNING version`).Scan(&version); err != nil {
			return err
		}
		for _, p := range prices {
			if _, err := tx.ExecContext(ctx, `INSERT INTO prices (version, kind, name, amount) VALUES ($1, $2, $3, $4)`, version, p.Kind, p.Name, p.Amount); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("publish a price list: %w", err)
	}
	return version, nil
}

// Charge is the steps and presets that an item will use. A quote needs no
// ItemID.
type Charge struct {
	ItemID, JobID, BrandID string

	Steps   []string // names of the pipeline's steps, such as generate_scene
	Presets []string

	// PhotoID names the photo that the item shares with others, and Shared those of
	// its presets that are made once for all of them: they are charged once.
	PhotoID string
	Shared  []string
}

// sharer returns the photo with which a preset's charge is shared; "" when the preset
// is the item's alone.
func (c *Charge) sharer(kind, name string) string {
	if kind == kindPreset && slices.Contains(c.Shared, name) {
		return c.PhotoID
	}
	return ""
}

// stepPass is the step that an item is charged for when its job asks for no
// step.
const stepPass = "pass"

// line is one thing that an item is charged for.
type line struct {
	kind, name, priceName string
	price                 int64
}

// lines prices a charge: its steps, then its presets, each once.
func (l PriceList) lines(c Charge) ([]line, error) {
	var out []line
	seen := map[string]bool{}
	if len(c.Steps) == 0 {
		c.Steps = []string{stepPass}
	}
	for _, g := range []struct {
		kind  string
		names []string
	}{{kindStep, c.Steps}, {kindPreset, c.Presets}} {
		for _, name := range g.names {
			if seen[g.kind+"/"+name] {
				continue
			}
			seen[g.kind+"/"+name] = true
			p, err := l.of(g.kind, name)
			if err != nil {
				return nil, err
			}
			out = append(out, line{kind: g.kind, name: name, priceName: p.Name, price: p.Amount})
		}
	}
	return out, nil
}

// Quote is the price of a job if all of it succeeds.
type Quote struct {
	Total        int64       `json:"total"` // hundredths of a credit
	PriceVersion int64       `json:"price_version"`
	Lines        []QuoteLine `json:"lines"`
}

// QuoteLine is the part of a step or preset in a quote.
type QuoteLine struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Price int64  `json:"price"` // of one
	Count int64  `json:"count"`
	Total int64  `json:"total"`
}

// Quote prices the items of a job exactly, and creates nothing.
func (s *Service) Quote(ctx context.Context, q db.Querier, items []Charge) (Quote, error) {
	prices, err := currentPrices(ctx, q)
	if err != nil {
		return Quote{}, err
	}
	out := Quote{PriceVersion: prices.Version, Lines: []QuoteLine{}}
	at := map[string]int{}
	paid := map[string]bool{} // by photo and preset
	for _, c := range items {
		lines, err := prices.lines(c)
		if err != nil {
			return Quote{}, err
		}
		if lines, err = unpaid(ctx, q, c, lines); err != nil {
			return Quote{}, err
		}
		for _, l := range lines {
			key := l.kind + "/" + l.name
			if photo := c.sharer(l.kind, l.name); photo != "" {
				if paid[photo+" "+key] {
					continue
				}
				paid[photo+" "+key] = true
			}
			i, there := at[key]
			if !there {
				i = len(out.Lines)
				at[key] = i
				out.Lines = append(out.Lines, QuoteLine{Kind: l.kind, Name: l.name, Price: l.price})
			}
			out.Lines[i].Count++
			out.Lines[i].Total += l.price
			out.Total += l.price
		}
	}
	return out, nil
}
