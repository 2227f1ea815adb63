package config

// Secret is a setting that is never printed: not by fmt, JSON, YAML or a log.
type Secret string

// hidden is what a secret prints as.
const hidden = "[secret]"

// String returns a placeholder, or "" when the secret is not set.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText is String, for every encoder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Value returns the secret itself.
func (s Secret) Value() string { return string(s) }
