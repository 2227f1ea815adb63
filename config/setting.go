package config

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Setting describes one setting, as the tags of its field do.
type Setting struct {
	Name    string `json:"name"`              // its environment variable
	Group   string `json:"group,omitempty"`   // what its group has in common
	Doc     string `json:"doc"`               // what it does
	Type    string `json:"type"`              // text, secret, whole number, number, duration, list or networks
	Default string `json:"default,omitempty"` // its value when it is not set
	Example string `json:"example,omitempty"`
	Rule    string `json:"rule,omitempty"` // what each value obeys, in words

	check string
	value reflect.Value
}

// Settings lists every setting, group by group.
func Settings() []Setting { return new(Config).settings() }

// settings lists the settings with this configuration's values.
func (c *Config) settings() []Setting { return walk(reflect.ValueOf(c).Elem(), "", "") }

// walk lists the settings of a struct and of its groups.
func walk(v reflect.Value, prefix, group string) (all []Setting) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if below, ok := f.Tag.Lookup("envPrefix"); ok {
			all = append(all, walk(v.Field(i), prefix+below, f.Tag.Get("doc"))...)
			continue
		}
		name := f.Tag.Get("env")
		if name == "" {
			continue
		}
		all = append(all, Setting{
			Name: prefix + name, Group: group, Doc: f.Tag.Get("doc"), Type: typeName(f.Type), Default: f.Tag.Get("envDefault"),
			Example: f.Tag.Get("example"), Rule: ruleText(f.Tag.Get("check")), check: f.Tag.Get("check"), value: v.Field(i),
		})
	}
	return all
}

// typeName names a field's type in words.
func typeName(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Secret]():
		return "secret"
	case reflect.TypeFor[time.Duration]():
		return "duration"
	case reflect.TypeFor[[]netip.Prefix]():
		return "networks"
	case reflect.TypeFor[[]string]():
		return "list"
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "whole number"
	case reflect.Float64:
		return "number"
	}
	return "text"
}

// readable says how a value of a type is written.
var readable = map[string]string{
	"duration": "a duration such as 45s or 2m", "whole number": "a whole number", "number": "a number", "networks": "networks such as 10.20.0.0/16",
}

// ruleText says a check in words:
//
//	oneof=a|b   one of the values
//	range=1..9  a number or a duration within the bounds, either of which may be left out
//	url         an absolute http or https URL
//	private     networks within the private ranges
//	local       networks within the private ranges or of this machine
//	origins     origins of pages, or *
//	listen      an address to listen on
//	roles       pairs of a value and a role
func ruleText(check string) string {
	kind, arg, _ := strings.Cut(check, "=")
	switch kind {
	case "oneof":
		return Either(strings.Split(arg, "|"))
	case "range":
		low, high, _ := strings.Cut(arg, "..")
		switch {
		case high == "":
			return "at least " + low
		case low == "":
			return "at most " + high
		}
		return low + " to " + high
	case "url":
		return "a URL"
	case "private":
		return "private networks"
	case "local":
		return "private or loopback networks"
	case "origins":
		return "origins"
	case "listen":
		return "HOST:PORT"
	case "roles":
		return "VALUE=ROLE"
	}
	return ""
}

// fault returns what is wrong with the setting's check itself, or "": its kind is unknown, its
// bounds or values can't be read, or it is for values of another type.
func (s *Setting) fault() string {
	kind, arg, argued := strings.Cut(s.check, "=")
	wants, known := map[string]string{
		"": "", "oneof": "text", "range": "number", "url": "text", "private": "networks", "local": "networks", "origins": "list", "listen": "text", "roles": "list",
	}[kind]
	is := s.Type
	if is == "whole number" || is == "duration" {
		is = "number"
	}
	switch {
	case !known:
		return "its check " + s.check + " is of no kind that ruleText in config/setting.go knows"
	case kind != "" && is != wants:
		return "its check " + s.check + " is for values of the type " + wants + ", it is a " + s.Type
	case kind == "oneof" && (arg == "" || slices.Contains(strings.Split(arg, "|"), "")):
		return "its check " + s.check + " has an empty value: write oneof=a|b"
	case kind == "range":
		low, high, two := strings.Cut(arg, "..")
		from, err := bound(low, s.Type)
		to, err2 := bound(high, s.Type)
		if !two || low == "" && high == "" || err != nil || err2 != nil || low != "" && high != "" && from > to {
			return "its check " + s.check + " can't be read: write range=1..9 (for a duration range=1s..9s); either bound may be left out"
		}
	case kind != "oneof" && argued:
		return "its check " + kind + " takes no value, such as " + arg
	}
	return ""
}

// bound reads a bound of a range for a setting of a type; "": it is left out.
func bound(text, typ string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	if typ == "duration" {
		d, err := time.ParseDuration(text)
		return float64(d), err
	}
	return strconv.ParseFloat(text, 64)
}

// complaint returns why the setting's value breaks its rule, or "". A value that
// is not set breaks none; whether it may be missing depends on the role.
func (s *Setting) complaint() string {
	if why := s.fault(); why != "" {
		return s.Name + ": " + why
	}
	kind, arg, _ := strings.Cut(s.check, "=")
	switch kind {
	case "oneof":
		if text := s.value.String(); text == "" || slices.Contains(strings.Split(arg, "|"), text) {
			return ""
		}
	case "range":
		if s.inRange(arg) {
			return ""
		}
	case "url":
		if text := s.value.String(); text == "" || absolute(text) {
			return ""
		}
		return s.Name + " must be a URL such as " + cmp.Or(s.Example, s.Default)
	case "private", "local":
		for _, n := range s.value.Interface().([]netip.Prefix) {
			if !private(n) && !(kind == "local" && n.Addr().IsLoopback() && n.Bits() >= loopbackBits) {
				return fmt.Sprintf("%s: %s is not within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or fc00::/7; public networks need no entry", s.Name, n)
			}
		}
		return ""
	case "origins":
		for _, o := range s.value.Interface().([]string) {
			if o != "*" && !origin(o) {
				return fmt.Sprintf("%s: %s is not an origin such as %s", s.Name, o, s.Example)
			}
		}
		return ""
	case "roles":
		for _, pair := range s.value.Interface().([]string) {
			if value, role, ok := RoleOf(pair); !ok {
				return fmt.Sprintf("%s: %s is not a pair such as %s; roles are %s", s.Name, pair, s.Example, Either(Roles))
			} else if value == "" {
				return s.Name + ": the role " + role + " has no value of the claim before it"
			}
		}
		return ""
	case "listen":
		if text := s.value.String(); text == "" || listenable(text) {
			return ""
		}
		return s.Name + " must be HOST:PORT or :PORT, such as " + s.Example
	default:
		return ""
	}
	return s.Name + " must be " + s.Rule
}

// origin reports whether a text is a page's origin: a scheme, a host and perhaps a
// port.
func origin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && text == u.Scheme+"://"+u.Host
}

// listenable reports whether a text is an address to listen on.
func listenable(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// inRange reports whether the setting's number or duration is within bounds that can be read.
func (s *Setting) inRange(bounds string) bool {
	low, high, _ := strings.Cut(bounds, "..")
	var value float64
	if s.value.CanInt() {
		value = float64(s.value.Int())
	} else {
		value = s.value.Float()
	}
	from, _ := bound(low, s.Type)
	to, _ := bound(high, s.Type)
	// NaN is in no range.
	return (low == "" || value >= from) && (high == "" || value <= to)
}

// Either lists values as a person does: a, b or c.
func Either(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func absolute(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// privateNetworks are those that an operator may open to the scoring service:
// never the link-local one, where the platform's metadata is.
var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7"),
}

// loopbackBits is the size of IPv4's loopback network.
const loopbackBits = 8

func private(n netip.Prefix) bool {
	return slices.ContainsFunc(privateNetworks, func(p netip.Prefix) bool { return p.Bits() <= n.Bits() && p.Contains(n.Addr()) })
}
