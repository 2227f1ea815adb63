package config

// HasCheck reports whether the setting's tag names a check.
func (s *Setting) HasCheck() bool { return s.check != "" }
