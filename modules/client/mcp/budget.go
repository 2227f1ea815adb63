package mcp

import (
	"sync"

	"github.com/opal-photo/opal/modules/fault"
)

// ErrBudget says that an order is dearer than what is left of the budget.
var ErrBudget = fault.New(fault.PaymentRequired, "mcp_budget_exceeded", "The order costs more than this server may still spend")

// Budget bounds what one process may order, in hundredths of a credit as quoted. What
// is reserved and what is committed never exceed the cap together. The zero value
// allows nothing; a nil budget allows everything. It is safe for concurrent use.
type Budget struct {
	Cap int64

	mu                  sync.Mutex
	reserved, committed int64
}

// BudgetState is a budget's state, in hundredths of a credit.
type BudgetState struct {
	Cap  int64 `json:"cap"`
	Used int64 `json:"used"`
	Left int64 `json:"left"`
}

func (b *Budget) state() *BudgetState {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	used := b.reserved + b.committed
	return &BudgetState{Cap: b.Cap, Used: used, Left: b.Cap - used}
}

// Reservation is an amount set aside, until it is committed, as a whole or in part, or
// released; the first end counts.
type Reservation struct {
	b      *Budget
	amount int64
	ended  bool
}

// Reserve sets an amount aside, or fails with ErrBudget.
func (b *Budget) Reserve(amount int64) (*Reservation, error) {
	if b == nil {
		return &Reservation{}, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if left := b.Cap - b.reserved - b.committed; amount < 0 || amount > left {
		return nil, ErrBudget.With("it costs %d, and %d of %d are left (hundredths of a credit)", amount, left, b.Cap)
	}
	b.reserved += amount
	return &Reservation{b: b, amount: amount}, nil
}

// Commit spends what was reserved.
func (r *Reservation) Commit() { r.end(r.amount) }

// CommitPart spends a part of what was reserved and gives the rest back. More than all of
// it is all of it.
func (r *Reservation) CommitPart(amount int64) { r.end(min(max(amount, 0), r.amount)) }

// Release gives back what was reserved.
func (r *Reservation) Release() { r.end(0) }

func (r *Reservation) end(spent int64) {
	if r.b == nil {
		return
	}
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	if r.ended {
		return
	}
	r.ended = true
	r.b.reserved -= r.amount
	r.b.committed += spent
}
