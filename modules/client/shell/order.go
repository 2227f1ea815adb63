package shell

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/opal-photo/opal/modules/client"
)

// maxItems is how many photos a job can have.
const maxItems = 100

// order is what one command sends: jobs of at most maxItems photos. It is kept in a
// file until its end, so that the same command goes on after Ctrl-C or a lost
// network.
type order struct {
	Jobs []*part `json:"jobs"`

	path string
	mu   sync.Mutex
}

// part is one job of an order.
type part struct {
	Key      string          `json:"key"` // the Idempotency-Key of the call that makes it
	JobID    string          `json:"job_id,omitempty"`
	Entries  []entry         `json:"entries"`
	ItemIDs  []string        `json:"item_ids,omitempty"` // the first of each entry
	Uploaded map[string]bool `json:"uploaded"`           // by item
	Queued   bool            `json:"queued"`
	Refused  map[string]bool `json:"refused_items"` // photos that the API did not take, by item
	Fetched  bool            `json:"fetched"`

	urls map[string]string // upload URLs of a job that this process made, by item
}

// stateFolder is where orders are kept: OPAL_STATE_DIR, or opal where the user's
// programs keep what they can do without.
func stateFolder() (string, error) {
	if dir := os.Getenv("OPAL_STATE_DIR"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the folder of orders; set OPAL_STATE_DIR: %w", err)
	}
	return filepath.Join(dir, "opal", "orders"), nil
}

// openOrder returns the order of the same photos and wishes that was begun before, or
// a new one. again reports which.
func openOrder(api string, wishes client.NewJob, out string, entries []entry) (o *order, again bool, err error) {
	dir, err := stateFolder()
	if err != nil {
		return nil, false, err
	}
	h := sha256.New()
	e := json.NewEncoder(h)
	if err := e.Encode([]any{api, wishes, out}); err != nil {
		return nil, false, err
	}
	for i := range entries {
		if entries[i].File == "" {
			_ = e.Encode(entries[i].Item) // a hash takes everything
			continue
		}
		file, err := filepath.Abs(entries[i].File)
		if err != nil {
			return nil, false, err
		}
		info, err := os.Stat(file)
		if err != nil {
			return nil, false, errUsage.With("%s: %s", entries[i].File, cause(err))
		}
		entries[i].File = file
		_ = e.Encode([]any{entries[i], info.Size(), info.ModTime().UnixNano()})
	}
	o = &order{path: filepath.Join(dir, hex.EncodeToString(h.Sum(nil))[:32]+".json")}
	b, err := os.ReadFile(o.path)
	if err == nil && json.Unmarshal(b, o) == nil && len(o.Jobs) > 0 {
		return o, true, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, false, fmt.Errorf("read the order: %w", err)
	}
	o.Jobs = nil
	for len(entries) > 0 {
		n := min(maxItems, len(entries))
		o.Jobs = append(o.Jobs, &part{Key: client.NewIdempotencyKey(), Entries: entries[:n], Uploaded: map[string]bool{}})
		entries = entries[n:]
	}
	return o, false, o.save()
}

// save keeps the order as it is.
func (o *order) save() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return writeJSON(o.path, o)
}

// uploaded notes that an item's photo has arrived.
func (o *order) uploaded(p *part, itemID string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	p.Uploaded[itemID] = true
	return writeJSON(o.path, o)
}

// refused notes which photos were not taken, by the first item of each.
func (o *order) refused(p *part, ids map[string]bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	p.Refused = ids
	return writeJSON(o.path, o)
}

// arrived tells whether an item's photo was noted as arrived.
func (o *order) arrived(p *part, itemID string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return p.Uploaded[itemID]
}

// done forgets the order: the same command makes another.
func (o *order) done() error {
	if err := os.Remove(o.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// photos is the number of photos in the order.
func (o *order) photos() (n int) {
	for _, p := range o.Jobs {
		n += len(p.Entries)
	}
	return n
}
