package api

// openNow returns how many slots are held.
func (s *slots) openNow() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}
