package job

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/db"
)

// WaitsForSet is the reason of an item whose photo is cut out, and whose set lacks others.
const WaitsForSet = "set"

// Waiting says what a queued item waits for beside its turn.
type Waiting struct {
	Reason  string    `json:"reason"`
	Text    string    `json:"text"`
	ItemIDs []string  `json:"item_ids"` // one for each photo that is missing
	Until   time.Time `json:"until"`    // when it goes on without them
}

// tellWaits says which photos items lack that wait for their set, each with its job's id. A
// set that several are of is asked for once.
func tellWaits(ctx context.Context, q db.Querier, items iter.Seq2[string, *Item]) error {
	known := map[set][]row{}
	for jobID, it := range items {
		if it.Waiting == nil {
			continue
		}
		of := set{jobID, it.Product.SKU, it.Product.SetID}
		missing, ok := known[of]
		if !ok {
			var err error
			if missing, err = of.uncut(ctx, q); err != nil {
				return err
			}
			known[of] = missing
		}
		it.Waiting.tell(missing)
	}
	return nil
}

// ofJob yields the places of a job's items with its id.
func ofJob(jobID string, items []Item) iter.Seq2[string, *Item] {
	return func(yield func(string, *Item) bool) {
		for i := range items {
			if !yield(jobID, &items[i]) {
				return
			}
		}
	}
}

// uncut returns an item of each photo of a set that is missing.
func (s set) uncut(ctx context.Context, q db.Querier) ([]row, error) {
	rows, err := selectRows(ctx, q, ofSet+` AND `+uncut+` ORDER BY position`, s.args()...)
	if err != nil {
		return nil, fmt.Errorf("load the photos that set %s lacks: %w", s.id, err)
	}
	seen := map[string]bool{}
	var out []row
	for _, r := range rows {
		if !seen[r.entry] {
			seen[r.entry] = true
			out = append(out, r)
		}
	}
	return out, nil
}

// tell names the photos that are missing.
func (w *Waiting) tell(missing []row) {
	w.ItemIDs = []string{}
	unsent := 0
	for _, r := range missing {
		w.ItemIDs = append(w.ItemIDs, r.itemID)
		if r.status == ItemCreated {
			unsent++
		}
	}
	var say []string
	if n := len(missing) - unsent; n > 0 {
		say = append(say, fmt.Sprintf("%d of its set to be cut out", n))
	}
	if unsent > 0 {
		say = append(say, fmt.Sprintf("%d of its set to be uploaded", unsent))
	}
	if len(say) == 0 { // settled in between
		w.Text = "It goes on in some seconds: its set is whole"
		return
	}
	w.Text = fmt.Sprintf("It waits for other photos: %s; it goes on without them at %s", strings.Join(say, ", "), w.Until.UTC().Format("15:04 UTC"))
}
