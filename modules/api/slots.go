package api

import "sync"

// tenantShare is the part of the slots that one tenant can hold: 1/tenantShare.
const tenantShare = 4

// slots bounds how many streams are open, or calls wait, at the same time, in all and for
// one tenant.
type slots struct {
	mu    sync.Mutex
	limit int
	open  int
	by    map[string]int
}

func newSlots(limit int) *slots { return &slots{limit: limit, by: map[string]int{}} }

// take takes a slot for the tenant; false when there is none left for it.
func (s *slots) take(tenantID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open >= s.limit || s.by[tenantID] >= max(1, s.limit/tenantShare) {
		return false
	}
	s.open++
	s.by[tenantID]++
	return true
}

// give gives a slot back.
func (s *slots) give(tenantID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.by[tenantID]--; s.by[tenantID] == 0 {
		delete(s.by, tenantID)
	}
}
