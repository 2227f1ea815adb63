package config

import "reflect"

// Fault returns what is wrong with the setting's check itself.
func (s *Setting) Fault() string { return s.fault() }

// Complaint returns why a setting's value breaks its rule.
func (c *Config) Complaint(name string) string {
	for _, s := range c.settings() {
		if s.Name == name {
			return s.complaint()
		}
	}
	return "there is no setting " + name
}

// WithCheck returns a setting named X with a check and a value.
func WithCheck[T any](check string, value T) *Setting {
	v := reflect.ValueOf(&value).Elem()
	return &Setting{Name: "X", Type: typeName(v.Type()), Rule: ruleText(check), check: check, value: v}
}

// Complain returns why the value breaks the setting's rule.
func (s *Setting) Complain() string { return s.complaint() }
